import { rewrite, type MappedText } from './mapped-text.ts';

/** How an agent says one word or name. */
export interface Pronunciation {
  /** As written: a word, a name of several words, or one with marks in it ("C++", "Dr. No"). */
  readonly written: string;
  /** As the voice must be given it. */
  readonly spoken: string;
  /**
   * `exact`: only in this case ("US" and not "us"). `any`: in every case. `smart`, the default:
   * in every case unless `written` has a capital letter.
   */
  readonly match?: 'exact' | 'any' | 'smart';
}

/** A dictionary made ready, longest entries first: "New York City" wins over "New York". */
export type Pronunciations = readonly (readonly [pattern: RegExp, spoken: string])[];

/**
 * Makes a dictionary ready; do it once per agent.
 *
 * @throws RangeError for an entry with nothing written
 */
export const pronunciations = (entries: readonly Pronunciation[]): Pronunciations =>
  entries
    .toSorted((a, b) => b.written.length - a.written.length)
    .map(({ written, spoken, match = 'smart' }) => {
      if (written.trim() === '') throw new RangeError('a pronunciation with nothing written');
      const exact = match === 'exact' || (match === 'smart' && /\p{Lu}/u.test(written));
      // Whole words only, where the entry begins and ends with a letter or digit.
      const before = /^[\p{L}\p{N}]/u.test(written) ? '(?<![\\p{L}\\p{M}\\p{N}])' : '';
      const after = /[\p{L}\p{M}\p{N}]$/u.test(written) ? '(?![\\p{L}\\p{M}\\p{N}])' : '';
      const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u.test(written);
      const source = RegExp.escape(written.trim());
      const pattern = wide ? source : before + source + after;
      return [new RegExp(pattern, exact ? 'gu' : 'giu'), spoken] as const;
    });

/** The text as the agent's dictionary has it said. */
export const pronounce = (source: MappedText, dictionary: Pronunciations): MappedText => {
  let text = source;
  for (const [pattern, spoken] of dictionary) text = rewrite(text, pattern, () => spoken);
  return text;
};
