import type { Planted } from './plants.ts';
import { unknownNumber, type SaidWords } from './said.ts';

/** What came through of a sentence that may not be said as it is. */
export interface Judged {
  readonly rule: string;
  /** Words that were to be heard, and those of them that were (counts). */
  readonly cleanWords: number;
  readonly cleanHeard: number;
  /** Words that may not be said and were heard. */
  readonly audible: readonly string[];
  /** All of what may not be said was heard. */
  readonly whole: boolean;
}

/**
 * Judges a call's recording word by word.
 *
 * @param numbers of the words in it; a cascade says words by their spelling, so that equal ones count
 *   for the first sentence that has them, and a word that is in none counts for the last
 */
export function judge(
  plants: readonly Planted[],
  said: SaidWords,
  numbers: readonly number[],
): readonly Judged[] {
  const heard = new Set(numbers);
  return plants.map(({ rule, words, from, to }, sentence) => {
    const first = said.firsts[sentence]!;
    const places = words.flatMap((_, place) => (heard.has(first + place) ? [place] : []));
    const audible = places.filter((place) => place >= from && place < to);
    const strange = sentence === plants.length - 1 && heard.has(unknownNumber) ? ['?'] : [];
    return {
      rule,
      cleanWords: from,
      cleanHeard: places.filter((place) => place < from).length,
      audible: [...audible.map((place) => words[place]!), ...strange],
      whole: audible.length === to - from || strange.length > 0,
    };
  });
}
