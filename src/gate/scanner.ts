import type { Folded } from './folded.ts';

/** Something that a rule is about, as UTF-16 positions in the text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Told of everything that is found; the same thing may be told again when it has grown. */
export type Found = (span: Span) => void;

/**
 * Looks for one kind of thing, character by character, so that it makes no difference where a text
 * was split. What it finds depends on nothing but the characters.
 */
export interface Scanner {
  take(folded: Folded): void;
  /** The text is over. */
  end(): void;
  /** Where what may still become a find begins; `null`: nothing so far can. */
  readonly pendingFrom: number | null;
  /** Enough of one is there for what comes next to be waited for. */
  readonly likely: boolean;
}
