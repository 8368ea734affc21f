import { fromAgent, idleAtMs, idleFired } from './floor.ts';
import { fromDetector, noInputAtMs, stopSpeaking } from './endpointing.ts';
import { cut } from './barge-in.ts';
import type { TurnEffect, TurnInput, TurnOptions, TurnState, TurnStep } from './vocabulary.ts';

export const initialTurnState: TurnState = {
  caller: { kind: 'silent' },
  agent: { kind: 'idle', sinceMs: 0 },
  floorAudioMs: 0,
  audioMs: 0,
  lastFrameAtMs: null,
  owesAnswer: false,
  idleArmed: false,
};

/**
 * Decides who has the floor. Pure: the same inputs at the same times give the same effects. Rules
 * are in RULES.md; each lives in the file named for it.
 */
export function step(
  state: TurnState,
  input: TurnInput,
  nowMs: number,
  options: TurnOptions,
): TurnStep {
  const [next, effects] = dispatch(state, input, nowMs, options);
  return { state: next, effects, wakeAtMs: wakeAtMs(next, options) };
}

/** A rule's answer: the state after it and what it wants done. */
type Outcome = readonly [TurnState, readonly TurnEffect[]];

function dispatch(
  state: TurnState,
  input: TurnInput,
  nowMs: number,
  options: TurnOptions,
): Outcome {
  switch (input.type) {
    case 'vad':
      return options.detection === null || options.authority === 'backend'
        ? [state, []]
        : fromDetector(state, input, nowMs, { ...options, detection: options.detection });
    case 'line.opened':
    case 'line.audio':
    case 'line.closed':
    case 'playback':
      return fromAgent(state, input, nowMs, options);
    case 'client.commit':
      return [
        { ...state, caller: { kind: 'silent' }, floorAudioMs: input.audioMs, idleArmed: false },
        [
          {
            type: 'commitTurn',
            cause: 'manual',
            fromAudioMs: null,
            toAudioMs: null,
            speechEndAudioMs:
              state.caller.kind === 'speaking' || state.caller.kind === 'paused'
                ? state.caller.lastSpeechAudioMs
                : null,
          },
        ],
      ];
    case 'client.clear':
      return [{ ...state, caller: { kind: 'silent' }, floorAudioMs: input.audioMs }, []];
    case 'client.interrupt': // [T16]
      return state.agent.kind === 'idle' ? [state, []] : [state, cut];
    case 'backend':
      return fromBackend(state, input, options);
    case 'tick':
      return onTick(state, nowMs, options);
    // Vocabulary of rules that are not written yet: they change nothing.
    case 'eot':
    case 'interrupt':
    case 'partial':
    case 'final':
    case 'wordMark':
    case 'tool':
    case 'client.mute':
    case 'client.ptt':
    case 'client.aec':
      return [state, []];
  }
}

/** [T13] */
function fromBackend(
  state: TurnState,
  input: TurnInput & { type: 'backend' },
  options: TurnOptions,
): Outcome {
  if (options.authority !== 'backend') return [state, []];
  switch (input.event) {
    case 'speechStarted': {
      const stop: readonly TurnEffect[] =
        state.agent.kind === 'speaking' ? [{ type: 'flushPlayback' }, { type: 'truncate' }] : [];
      // [T7] A backend that repeats itself does not start a second speech.
      if (state.caller.kind === 'speaking' || state.caller.kind === 'paused') return [state, stop];
      const audioStartMs = Math.max(state.floorAudioMs, input.audioMs);
      const caller = {
        kind: 'speaking',
        audioStartMs,
        lastSpeechAudioMs: audioStartMs,
        shown: true,
      } as const;
      const started = { type: 'event', event: { type: 'speechStarted', audioStartMs } } as const;
      return [{ ...state, caller, idleArmed: false, owesAnswer: false }, [started, ...stop]];
    }
    case 'speechStopped': {
      if (state.caller.kind === 'silent' || state.caller.kind === 'onset') return [state, []];
      const { audioStartMs } = state.caller;
      const audioEndMs = Math.max(audioStartMs, input.audioMs);
      return [
        { ...state, caller: { kind: 'silent' }, floorAudioMs: audioEndMs },
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
      return state.agent.kind === 'speaking'
        ? [state, [{ type: 'flushPlayback' }, { type: 'truncate' }]]
        : [state, []];
    case 'responseCreated':
    case 'responseDone':
      return [state, []];
  }
}

function onTick(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const stopAtMs = noInputAtMs(state, options);
  if (stopAtMs !== null && nowMs >= stopAtMs) {
    return stopSpeaking(state, options, state.audioMs);
  }
  const promptAtMs = idleAtMs(state, options);
  if (promptAtMs !== null && nowMs >= promptAtMs) return idleFired(state, nowMs, promptAtMs);
  return [state, []];
}

function wakeAtMs(state: TurnState, options: TurnOptions): number | null {
  const waits = [noInputAtMs(state, options), idleAtMs(state, options)].filter(
    (atMs) => atMs !== null,
  );
  return waits.length === 0 ? null : Math.min(...waits);
}
