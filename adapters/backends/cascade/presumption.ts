import type { History } from './history.ts';
import type { SpeakingOptions } from './text/verbalise.ts';
import { sameWords } from './words.ts';

/** What an answer rests on that is not known for sure yet. */
export interface Presumption {
  /** Turns by item id, and what each was taken for. */
  readonly turns: ReadonlyMap<string, string>;
  /** How it was begun ahead, for the counts: in a pause, or when it was asked for. */
  readonly kind: 'speculation' | 'presumption';
  /** When the line was asked for. */
  readonly wantedAtMs: number;
}

/** What these turns are taken for before the last word on them. */
export function presumedTurns(
  history: History,
  turns: readonly string[],
): ReadonlyMap<string, string> {
  return new Map(turns.map((itemId) => [itemId, history.turn(itemId)?.presumed ?? '']));
}

/** Whether every turn turned out to be what it was taken for. */
export function cameTrue(
  history: History,
  { turns }: Presumption,
  speaking: SpeakingOptions,
): boolean {
  return turns.entries().every(([itemId, text]) => {
    const turn = history.turn(itemId);
    return turn !== undefined && sameWords(turn.text ?? '', text, speaking);
  });
}
