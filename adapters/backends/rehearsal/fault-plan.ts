import type { Fail } from './options.ts';

/** What goes wrong in a session, and where: after a time, or at a place in one answer. */
export interface FaultPlan {
  readonly kind: Fail['kind'] | null;
  /** Ms after the session opened; `null` when an answer decides. */
  readonly afterMs: number | null;
  /** Answer of the conversation, counted from 1; `null` when a time decides. */
  readonly inAnswer: number | null;
  /** Where in that answer: ms into its audio, or the middle of its middle word. */
  readonly place: number | 'middle';
}

/**
 * With neither `turn` nor `atMs`, a slow rehearsal is slow from the start and every other one
 * goes wrong in the middle of its first answer.
 */
export function faultPlan(fail: Fail | null): FaultPlan {
  const nothing = { kind: null, afterMs: null, inAnswer: null, place: 'middle' } as const;
  if (fail === null || fail.kind === 'refuse') return nothing;
  const { kind, turn, atMs } = fail;
  if (turn !== undefined) return { kind, afterMs: null, inAnswer: turn, place: atMs ?? 'middle' };
  if (atMs !== undefined) return { kind, afterMs: atMs, inAnswer: null, place: 'middle' };
  if (kind === 'slow') return { kind, afterMs: 0, inAnswer: null, place: 'middle' };
  return { kind, afterMs: null, inAnswer: 1, place: 'middle' };
}
