import { completeness } from './words.ts';
import { profileOfEagerness, type ListeningOptions, type TurnProfile } from './options.ts';
import type { CallerState, TurnState } from './state.ts';
import type { Outcome } from './outcome.ts';

type Paused = CallerState & { kind: 'paused' };

/** Shorter gaps are articulation, ms (the holds of eot-bench begin here). */
const leastPauseMs = 200;
/** Mean of a caller's pauses inside turns as the detector sees them, before any was seen, ms. */
const typicalPauseMs = 450;
/** Weight of the newest pause in the caller's mean: one long pause does not make a slow caller. */
const newestWeight = 0.15;
/** What a transcript's look does to the wait and to the bar. */
const looks = {
  open: { wait: 1.4, bar: 0.2 },
  closed: { wait: 0.7, bar: -0.1 },
  unknown: { wait: 1, bar: 0 },
} as const;

/** Whether this pause ends the turn, and by what. */
export function decideEnd(
  state: TurnState,
  caller: Paused,
  options: ListeningOptions,
): 'silence' | 'score' | null {
  const { detection, profiles } = options;
  const silenceMs = state.audioMs - caller.lastSpeechAudioMs;
  // [T30]
  if (detection.kind === 'server_vad') {
    return silenceMs >= detection.silenceDurationMs ? 'silence' : null;
  }
  const profile = profiles[profileOfEagerness[detection.eagerness]];
  if (silenceMs >= profile.timeoutMs) return 'silence';
  const look = looks[completeness(state.transcript?.text ?? '')];
  // [T32]
  if (caller.score !== null) {
    return caller.score >= barAt(profile, silenceMs) + look.bar ? 'score' : null;
  }
  // [T31], [T33]
  return silenceMs >= usualWaitMs(profile, state.pauseMs) * look.wait ? 'silence' : null;
}

/** [T31] Silence that ends a turn of a caller whose mean pause is this. */
export function usualWaitMs(profile: TurnProfile, pauseMs: number | null): number {
  const { usualMs, leastMs, mostMs, pauseGain } = profile;
  if (pauseMs === null) return usualMs;
  return Math.min(mostMs, Math.max(leastMs, usualMs + pauseGain * (pauseMs - typicalPauseMs)));
}

/** [T32] The score that ends a turn after this silence. */
export function barAt({ bar }: TurnProfile, silenceMs: number): number {
  const next = bar.findIndex((point) => silenceMs <= point.silenceMs);
  const to = bar[next];
  if (to === undefined) return bar.at(-1)?.score ?? 1;
  const from = bar[next - 1];
  if (from === undefined) return to.score;
  const part = (silenceMs - from.silenceMs) / (to.silenceMs - from.silenceMs);
  return from.score + part * (to.score - from.score);
}

/** [T32] Asks the end-of-turn model, again and again while silence grows. */
export function query(state: TurnState, caller: Paused, options: ListeningOptions): Outcome {
  const { senses, times, detection } = options;
  if (!senses.endOfTurn || detection.kind !== 'semantic_vad' || !caller.shown) return [state, []];
  const { lastSpeechAudioMs, audioStartMs, askedMs } = caller;
  const silenceMs = state.audioMs - lastSpeechAudioMs;
  if (silenceMs < times.firstQueryMs || silenceMs - askedMs < times.nextQueryMs) return [state, []];
  return [
    { ...state, caller: { ...caller, askedMs: silenceMs } },
    [
      {
        type: 'queryEndOfTurn',
        fromAudioMs: audioStartMs,
        speechEndAudioMs: lastSpeechAudioMs,
      },
    ],
  ];
}

/** [T31] Learns from a pause that turned out to be none of an end. */
export function pauseLearnt(state: TurnState, caller: CallerState, audioMs: number): TurnState {
  if (caller.kind !== 'paused') return state;
  return { ...state, pauseMs: meanPause(state.pauseMs, audioMs - caller.lastSpeechAudioMs) };
}

/** The mean after one more pause, ms. */
export function meanPause(pauseMs: number | null, newestMs: number): number | null {
  if (newestMs < leastPauseMs) return pauseMs;
  const beforeMs = pauseMs ?? typicalPauseMs;
  return beforeMs + newestWeight * (newestMs - beforeMs);
}
