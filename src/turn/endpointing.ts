import { judgeOnset } from './barge-in.ts';
import type { ServerVad } from '../ports/settings.ts';
import type { TurnEffect, TurnInput, TurnOptions, TurnState } from './vocabulary.ts';

type Outcome = readonly [TurnState, readonly TurnEffect[]];
type DetectorOptions = TurnOptions & { readonly detection: ServerVad };

/** How far below the threshold a frame must fall to count as silence (Silero's own iterator). */
const hysteresis = 0.15;

/** Speech and silence of the caller, frame by frame: rules T1 to T3. */
export function fromDetector(
  before: TurnState,
  frame: TurnInput & { type: 'vad' },
  nowMs: number,
  options: DetectorOptions,
): Outcome {
  const state: TurnState = { ...before, audioMs: frame.audioMs, lastFrameAtMs: nowMs };
  // [T2] The detector may lag behind a commit or a clear: what it hears of that audio is past.
  if (frame.audioMs <= state.floorAudioMs) return [state, []];
  const { threshold, silenceDurationMs } = options.detection;
  const isSpeech = frame.probability >= threshold;
  const isSilence = !isSpeech && frame.probability < Math.max(0.01, threshold - hysteresis);
  const { caller } = state;
  switch (caller.kind) {
    case 'silent':
    case 'onset': {
      if (isSilence) return [{ ...state, caller: { kind: 'silent' } }, []];
      if (!isSpeech) return [state, []];
      const fromAudioMs =
        caller.kind === 'onset' ? caller.fromAudioMs : frame.audioMs - frame.frameMs;
      const speechMs = (caller.kind === 'onset' ? caller.speechMs : 0) + frame.frameMs;
      const neededMs = state.agent.kind === 'speaking' ? options.onsetMs : options.idleOnsetMs;
      return speechMs < neededMs
        ? [{ ...state, caller: { kind: 'onset', fromAudioMs, speechMs } }, []]
        : startSpeaking(state, fromAudioMs, options);
    }
    case 'speaking':
    case 'paused': {
      if (isSpeech || (caller.kind === 'speaking' && !isSilence)) {
        const speaking = { ...caller, kind: 'speaking', lastSpeechAudioMs: frame.audioMs } as const;
        return [{ ...state, caller: speaking }, []];
      }
      return frame.audioMs - caller.lastSpeechAudioMs >= silenceDurationMs
        ? stopSpeaking(state, options, frame.audioMs)
        : [{ ...state, caller: { ...caller, kind: 'paused' } }, []];
    }
  }
}

/** [T2] and the floor rules at onset. */
function startSpeaking(state: TurnState, onsetAudioMs: number, options: DetectorOptions): Outcome {
  const audioStartMs = Math.max(
    state.floorAudioMs,
    onsetAudioMs - options.detection.prefixPaddingMs,
    0,
  );
  const { shown, effects } = judgeOnset(state.agent, options);
  const caller = {
    kind: 'speaking',
    audioStartMs,
    lastSpeechAudioMs: state.audioMs,
    shown,
  } as const;
  const started: TurnEffect = { type: 'event', event: { type: 'speechStarted', audioStartMs } };
  return [
    { ...state, caller, idleArmed: false, owesAnswer: false },
    shown ? [started, ...effects] : effects,
  ];
}

/** [T3], [T4]: the speech is over; a turn if it was shown, an annotation if not. */
export function stopSpeaking(state: TurnState, options: TurnOptions, audioEndMs: number): Outcome {
  const { caller } = state;
  if (caller.kind !== 'speaking' && caller.kind !== 'paused') return [state, []];
  const silent: TurnState = { ...state, caller: { kind: 'silent' }, floorAudioMs: audioEndMs };
  if (!caller.shown) {
    const event = {
      type: 'speechDismissed',
      verdict: 'backchannel',
      audioStartMs: caller.audioStartMs,
      audioEndMs,
    } as const;
    return [silent, [{ type: 'event', event }]];
  }
  const committed: readonly TurnEffect[] = [
    { type: 'event', event: { type: 'speechStopped', audioEndMs } },
    {
      type: 'commitTurn',
      cause: options.authority === 'model' ? 'model' : 'silence',
      fromAudioMs: caller.audioStartMs,
      toAudioMs: audioEndMs,
      speechEndAudioMs: caller.lastSpeechAudioMs,
    },
  ];
  const answers = options.authority === 'gateway' && options.detection?.createResponse === true;
  if (!answers) return [silent, committed];
  if (state.agent.kind !== 'idle') return [{ ...silent, owesAnswer: true }, committed];
  return [silent, [...committed, { type: 'startResponse', cause: 'turn' }]];
}

/**
 * [T4] Call time at which missing input ends the caller's speech. Under `backend` authority, and
 * with detection off, no frames are asked for, so that their absence says nothing.
 */
export function noInputAtMs(
  state: TurnState,
  { authority, detection, noInputMs }: TurnOptions,
): number | null {
  const speaks = state.caller.kind === 'speaking' || state.caller.kind === 'paused';
  const listens = authority !== 'backend' && detection !== null;
  return speaks && listens && state.lastFrameAtMs !== null ? state.lastFrameAtMs + noInputMs : null;
}
