import { andThen, type Outcome } from './outcome.ts';
import { present } from './presence.ts';
import type { TurnEffect, TurnInput } from './vocabulary.ts';
import type { TurnOptions } from './options.ts';
import type { TurnState } from './state.ts';

/** [T13] What the backend's own detection says, where it decides. */
export function fromBackend(
  state: TurnState,
  input: TurnInput & { type: 'backend' },
  nowMs: number,
  options: TurnOptions,
): Outcome {
  if (options.authority !== 'backend') return [state, []];
  const { caller } = state;
  switch (input.event) {
    case 'speechStarted': {
      const stop = unplayed(state);
      // [T7] A backend that repeats itself does not start a second speech.
      if (caller.kind === 'speaking' || caller.kind === 'paused') return [state, stop];
      const audioStartMs = Math.max(state.floorAudioMs, input.audioMs);
      const speaking = {
        kind: 'speaking',
        audioStartMs,
        onsetAudioMs: audioStartMs,
        lastSpeechAudioMs: audioStartMs,
        shown: true,
      } as const;
      const started = { type: 'event', event: { type: 'speechStarted', audioStartMs } } as const;
      return andThen(present(state, nowMs), (now) => [
        { ...now, idleArmed: false, owesAnswer: false, caller: speaking },
        [started, ...stop],
      ]);
    }
    case 'speechStopped': {
      if (caller.kind === 'silent' || caller.kind === 'onset') return [state, []];
      const { audioStartMs } = caller;
      const audioEndMs = Math.max(audioStartMs, input.audioMs);
      return [
        { ...state, caller: { kind: 'silent' }, floorAudioMs: audioEndMs, presentAtMs: nowMs },
        [
          { type: 'event', event: { type: 'speechStopped', audioEndMs } },
          {
            type: 'commitTurn',
            cause: 'backend',
            fromAudioMs: audioStartMs,
            toAudioMs: audioEndMs,
            speechEndAudioMs: audioEndMs,
          },
        ],
      ];
    }
    case 'interrupted':
      return [state, unplayed(state)];
  }
}

function unplayed({ agent }: TurnState): readonly TurnEffect[] {
  return agent.kind === 'speaking' ? [{ type: 'flushPlayback' }, { type: 'truncate' }] : [];
}
