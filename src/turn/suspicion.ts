import type { AgentState, OverlapState, TurnState } from './state.ts';
import type { EchoPathReport, TurnInput } from './vocabulary.ts';
import type { TurnOptions } from './options.ts';

type Judged = OverlapState & { kind: 'candidate' | 'lingering' };

/** [T28] A frame this likely to be the agent's own voice is not the caller's. */
export const echoLimit = 0.5;
/** How much more a frame of speech over the agent says than one without. */
const speechWeight = 4;
/** Most that is kept of a clear past: an echo that begins later is noticed within a second. */
const mostClear = 3;
/** From a line's first sample to the client until its echo is back, in longest ways: the player's part. */
const returnShare = 1.5;
/** The way from the ear to the microphone may be this much longer than it was found, ms. */
const slackMs = 150;

/** [T27] Whether what comes back while the agent sounds may be the agent itself, and its words too. */
export function suspicion(
  { echoPath, aec, clearMs, agent }: TurnState,
  options: TurnOptions,
): { readonly suspect: boolean; readonly doubted: boolean } {
  const doubted = echoPath !== 'none' && aec !== true && agent.kind === 'speaking';
  return { doubted, suspect: doubted && (echoPath === 'found' || clearMs < options.times.clearMs) };
}

/**
 * [T27] Learns from a frame: while the agent sounds at full level, speech that comes back speaks for
 * an echo, whatever else it may be, and so does what is known to be one; nothing that comes back speaks
 * against one.
 */
export function learnt(
  state: TurnState,
  frame: TurnInput & { type: 'vad' },
  { threshold, nowMs }: { readonly threshold: number; readonly nowMs: number },
  { times }: TurnOptions,
): TurnState {
  const { agent, clearMs } = state;
  const echoPath = pathOf(frame.echoPath);
  const guarded = state.echoPath === echoPath ? state : { ...state, echoPath };
  if (echoPath === 'none' || !soundsFully(agent)) return guarded;
  // What the line began with cannot have come back yet: that nothing did says nothing.
  const returns = nowMs - agent.sinceMs >= returnShare * times.echoTailMs;
  const clear = returns ? frame.frameMs : 0;
  const comesBack = frame.probability >= threshold || (frame.echo ?? 0) >= echoLimit;
  const step = comesBack ? -speechWeight * frame.frameMs : clear;
  const next = Math.min(mostClear * times.clearMs, Math.max(0, clearMs + step));
  return next === clearMs ? guarded : { ...guarded, clearMs: next };
}

function pathOf(report: EchoPathReport = 'none'): TurnState['echoPath'] {
  return typeof report === 'number' ? 'found' : report;
}

function soundsFully(agent: AgentState): agent is AgentState & { kind: 'speaking' } {
  return agent.kind === 'speaking' && agent.floor === 'full' && !agent.closed;
}

/** [T27] The agent is held: when nothing of it can be heard any more. */
export function quietAt(state: TurnState, atMs: number): TurnState {
  const { overlap } = state;
  return overlap.kind === 'candidate'
    ? { ...state, overlap: { ...overlap, quietAtMs: atMs } }
    : state;
}

/** [T27] What speech of this length, heard now, adds to the proof that it is a caller's, ms. */
export function proof(
  { quietAtMs }: OverlapState & { kind: 'candidate' },
  speechMs: number,
  { nowMs, echoPath }: { readonly nowMs: number; readonly echoPath: EchoPathReport },
  { times }: TurnOptions,
): number {
  if (quietAtMs === null) return 0;
  const tailMs =
    typeof echoPath === 'number'
      ? Math.min(times.echoTailMs, echoPath + slackMs)
      : times.echoTailMs;
  return nowMs >= quietAtMs + tailMs ? speechMs : 0;
}

/** [T27] Whether it is the caller who speaks. */
export function believed({ suspect, provenMs }: Judged, { times }: TurnOptions): boolean {
  return !suspect || provenMs >= times.proofMs;
}

/** [T27] Whether the words are the caller's: a recogniser writes down what a detector no longer hears. */
export function believedWords(
  { doubted, provenMs, foreign }: Judged,
  { times }: TurnOptions,
): boolean {
  return !doubted || foreign || provenMs >= times.proofMs;
}
