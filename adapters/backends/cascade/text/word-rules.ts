import { rewrite, type MappedText } from './mapped-text.ts';
import { oncePer } from './once-per.ts';
import type { Expansions, SpokenLanguage } from './spoken-language.ts';

type Rule = (source: MappedText, language: SpokenLanguage) => MappedText;

const patternsOf = oncePer((expansions: Expansions): readonly (readonly [RegExp, string])[] =>
  expansions.map(
    ([pattern, spoken]) =>
      [new RegExp(`(?<![\\p{L}\\p{Nd}.])(?:${pattern})(?!\\p{L})`, 'gu'), spoken] as const,
  ),
);

/** Abbreviations in their long form. One that ends the sentence leaves its full stop there. */
export const abbreviationsInFull: Rule = (source, { expansions }) => {
  if (expansions === undefined) return source;
  let text = source;
  for (const [pattern, spoken] of patternsOf(expansions))
    text = rewrite(text, pattern, ({ 0: written, index }, { text: whole }) => {
      const last =
        written.endsWith('.') && /^["'”’)]*\s*$/u.test(whole.slice(index + written.length));
      return last ? `${spoken}.` : spoken;
    });
  // "Hauptstr. 5": the second half of a word.
  if (expansions.some(([, spoken]) => spoken === 'Straße'))
    text = rewrite(text, /(?<=\p{Ll})str\./gu, () => 'straße');
  return text;
};

/** Signs between words and numbers that a voice would skip or name wrongly. */
export const signs: Rule = (source, { marks }) => {
  if (marks === undefined) return source;
  let text = source;
  const say = (pattern: RegExp, word: string): void => {
    text = rewrite(text, pattern, ([written]) => {
      const lead = /^\s/u.test(written) ? '' : ' ';
      const trail = /\s$/u.test(written) ? '' : ' ';
      return lead + written.replace(/\S+/u, word) + trail;
    });
  };
  say(/(?<=\S)\s?&\s?(?=\S)/gu, marks.and);
  say(/(?<=[\p{L}\p{Nd}])\s\+\s(?=[\p{L}\p{Nd}])/gu, marks.plus);
  say(/(?<=[\p{L}\p{Nd}])\s?=\s?(?=[\p{L}\p{Nd}])/gu, marks.equals);
  say(
    /(?<=[\p{L}\p{Nd}])\s?[×]\s?(?=[\p{L}\p{Nd}])|(?<=[\p{L}\p{Nd}])\s\*\s(?=[\p{L}\p{Nd}])/gu,
    marks.times,
  );
  text = rewrite(text, /#(?=\p{Nd})/gu, () => `${marks.number} `);
  return rewrite(text, /[→⇒➜]/gu, () => ',');
};
