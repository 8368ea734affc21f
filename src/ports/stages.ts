import type { LineStage } from './backend.ts';

/** What is passed on the way from the end of the caller's speech to the answer in the ear, in order. */
export const turnStages = [
  'decided',
  'transcript',
  'first_token',
  'first_clause',
  'first_synthesis',
  'first_audible',
  'first_heard',
] as const satisfies readonly (LineStage | 'decided' | 'first_audible' | 'first_heard')[];

export type TurnStage = (typeof turnStages)[number];

/**
 * Where the silence after one turn of the caller's went. Each part runs from the stage before it that
 * is known; together they are the silence, to the microsecond.
 */
export interface TurnStages {
  /** The caller's turn in the conversation. */
  readonly itemId: string;
  /** The line that was heard first, and which of the turn's lines it was, counted from 1. */
  readonly lineId: string;
  readonly line: number;
  /** Call time at which the caller's speech ended, in the wave as the detector saw it, ms. */
  readonly speechEndAtMs: number;
  /** From there to the first audible sample in the caller's ear, ms; 0 where the agent was earlier. */
  readonly silenceMs: number;
  /** Never negative, ms. `null`: nobody told; its time belongs to the next part that is known. */
  readonly partsMs: Readonly<Record<TurnStage, number | null>>;
  /** Stages that were reached before the turn was decided, and by how much, ms. */
  readonly aheadMs: Readonly<Partial<Record<TurnStage, number>>>;
  /** How it is known when the caller heard it. */
  readonly heardBy: 'acknowledgement' | 'clock';
}
