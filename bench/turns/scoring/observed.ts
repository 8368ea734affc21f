import type { TruthEvent } from '../dialogues/director.ts';
import type { CallerLine } from '../dialogues/script.ts';

/**
 * What the agent's side did, ms on the call's clock; `atMs` of audio is when it was sent. Both runners
 * write these: one from the machine's effects, the other from the wire.
 */
export type Observation =
  | { readonly type: 'committed'; readonly atMs: number }
  /** The first sample of a line. */
  | { readonly type: 'lineStarted'; readonly lineId: string; readonly atMs: number }
  /** Heard to its end, or cut. */
  | {
      readonly type: 'lineEnded';
      readonly lineId: string;
      readonly atMs: number;
      readonly cut: boolean;
    }
  /** The first sample more than 6 dB below the line's own level, or held back. */
  | { readonly type: 'lowered'; readonly lineId: string; readonly atMs: number }
  /** Back at its own level. */
  | { readonly type: 'resumed'; readonly lineId: string; readonly atMs: number }
  /** Given up for good. */
  | { readonly type: 'yielded'; readonly lineId: string; readonly atMs: number }
  /** A committed turn was taken back. Not visible on every wire. */
  | { readonly type: 'retracted'; readonly atMs: number };

/** A dialogue that was played: what the caller did, and what came of it. */
export interface PlayedDialogue {
  readonly index: number;
  readonly line: CallerLine;
  readonly durationMs: number;
  readonly truth: readonly TruthEvent[];
  readonly observed: readonly Observation[];
}
