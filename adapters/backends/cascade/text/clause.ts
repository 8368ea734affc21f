/** The block of the written answer that a clause comes from. */
export type BlockKind = 'paragraph' | 'heading' | 'item' | 'quote' | 'table' | 'code';

/**
 * Why a clause ended where it did: a sentence was over, a phrase was (comma, colon, dash), a block
 * was (line of a list, heading, blank line), it had its greatest length, it had waited long enough,
 * or the text was over.
 */
export type ClauseEnd = 'sentence' | 'phrase' | 'block' | 'length' | 'wait' | 'end';

/** A piece of an answer that is synthesised in one go. */
export interface Clause {
  /** As written, markup included, without white space at its ends. Never empty. */
  readonly text: string;
  readonly kind: BlockKind;
  /** Position of `text` in the whole answer, in UTF-16 units. */
  readonly start: number;
  /** Position after `text`; what lies between two clauses is white space. */
  readonly end: number;
  readonly ended: ClauseEnd;
}

/**
 * Lengths are weights: a Latin letter, digit or mark counts 1, an ideograph, kana or hangul
 * syllable 3 (about as long to say as three letters), white space 0.
 */
export interface ClauseOptions {
  /** BCP 47 tag of the answer's language, for abbreviations and ordinals. */
  readonly language: string;
  /** From this weight on the first clause may end at a phrase. */
  readonly firstMinWeight: number;
  /** From this weight on the first clause ends at the next word. */
  readonly firstMaxWeight: number;
  /** A later clause is at least this long unless a block or the text ends. */
  readonly minWeight: number;
  /** From this weight on a later clause may end at a phrase. */
  readonly phraseFromWeight: number;
  /** No clause is longer, save that a mark which belongs to its last word stays with it. */
  readonly maxWeight: number;
  /** How long the first clause waits for a better end, from its first character on. */
  readonly firstWaitMs: number;
  /** How long a later clause waits for a better end. */
  readonly waitMs: number;
  /** How long any character waits, even one of an unfinished word. */
  readonly maxWaitMs: number;
}

export const defaultClauseOptions = {
  language: 'en',
  firstMinWeight: 16,
  firstMaxWeight: 80,
  minWeight: 24,
  phraseFromWeight: 110,
  maxWeight: 220,
  firstWaitMs: 350,
  waitMs: 1200,
  maxWaitMs: 2000,
} as const satisfies ClauseOptions;
