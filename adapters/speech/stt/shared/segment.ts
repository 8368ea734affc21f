import type { RecognisedWord } from '../../../../src/ports/speech-to-text.ts';

/** What a recogniser says of a piece of audio; positions are ms of the session's audio. */
export interface Segment {
  readonly text: string;
  readonly words: readonly RecognisedWord[] | null;
  /** `null` where it does not say; then segments belong where their order puts them. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  /** It will not change any more. */
  readonly settled: boolean;
}

/** Scripts that are written without spaces between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** Two pieces of a text in a row, with a space where their script has one. */
export function joinText(before: string, after: string): string {
  if (before === '' || after === '') return before + after;
  const isClose = unspaced.test(before.slice(-1)) && unspaced.test(after.slice(0, 1));
  return isClose ? before + after : `${before} ${after}`;
}

/** All of them in a row. */
export function joinTexts(pieces: readonly { readonly text: string }[]): string {
  return pieces.reduce((text, piece) => joinText(text, piece.text.trim()), '');
}

/**
 * The part of a segment that lies in [fromMs, toMs): a word is where its middle is. What has no word
 * times is never cut, it is where its own middle is.
 *
 * @returns `null` where nothing of it is there
 */
export function cutSegment(segment: Segment, fromMs: number, toMs: number): Segment | null {
  const { words, startMs, endMs } = segment;
  const isIn = (a: number, b: number): boolean => (a + b) / 2 >= fromMs && (a + b) / 2 < toMs;
  if (words === null || words.length === 0) {
    if (startMs === null || endMs === null) return segment;
    return isIn(startMs, endMs) ? segment : null;
  }
  const kept = words.filter((word) => isIn(word.startMs, word.endMs));
  const [first] = kept;
  const last = kept.at(-1);
  if (first === undefined || last === undefined) return null;
  // The vendor's own text, with its punctuation, wherever nothing is cut off.
  if (kept.length === words.length) return segment;
  const { settled } = segment;
  return {
    text: joinTexts(kept),
    words: kept,
    startMs: first.startMs,
    endMs: last.endMs,
    settled,
  };
}
