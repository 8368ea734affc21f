import { abbreviationsInFull, signs } from './word-rules.ts';
import { addresses, codes, phoneNumbers } from './address-rules.ts';
import { measures, money } from './amount-rules.ts';
import type { Clause } from './clause.ts';
import { dates, times } from './date-rules.ts';
import { withoutEmoji } from './emoji.ts';
import { americanEnglish, britishEnglish } from './english.ts';
import { german } from './german.ts';
import { spansOf, type MappedText, type SpokenSpan } from './mapped-text.ts';
import { withoutMarkdown, type Dropped } from './markdown.ts';
import {
  fractions,
  numbers,
  ordinals,
  percentages,
  ranges,
  romanNumerals,
  versionNumbers,
  years,
} from './number-rules.ts';
import { french, hindi, spanish } from './other-languages.ts';
import { pronounce, type Pronunciations } from './pronunciation.ts';
import type { SpokenLanguage } from './spoken-language.ts';
import { styledParts, type OpenStyles, type StyleSpan, type VoiceStyles } from './style-tags.ts';
import { tidy } from './tidy.ts';

export interface SpeakingOptions {
  /** BCP 47. English without a region is that of the United States. */
  readonly language: string;
  /** The agent's dictionary, made ready by `pronunciations`. */
  readonly dictionary: Pronunciations;
  /** Which styles the voice has, and under which name. */
  readonly voiceStyles: VoiceStyles;
}

/** A clause as it is to be said. */
export interface Spoken {
  /** For the voice; empty if there is nothing to say. */
  readonly text: string;
  /** The way back to the clause's own text, covering `text` in order. */
  readonly spans: readonly SpokenSpan[];
  /** Stretches of `text` in a style of the voice. */
  readonly styles: readonly StyleSpan[];
  /** What was left out. */
  readonly dropped: Dropped;
  /** What the next clause of the answer begins with. */
  readonly open: OpenStyles;
}

type Rule = (source: MappedText, language: SpokenLanguage) => MappedText;

/**
 * Each rule reads what the ones before it left as written; the order decides who owns a digit. Most
 * clauses have none, and then most rules have nothing to read.
 */
const rules: readonly { readonly rule: Rule; readonly needsDigit: boolean }[] = [
  { rule: addresses, needsDigit: false },
  ...[dates, times, versionNumbers, phoneNumbers, money, percentages, measures, fractions].map(
    (rule) => ({ rule, needsDigit: true }),
  ),
  { rule: ordinals, needsDigit: true },
  { rule: romanNumerals, needsDigit: false },
  { rule: abbreviationsInFull, needsDigit: false },
  { rule: ranges, needsDigit: true },
  { rule: codes, needsDigit: false },
  { rule: years, needsDigit: true },
  { rule: numbers, needsDigit: true },
  { rule: signs, needsDigit: false },
];

/**
 * Chinese and Japanese are not here: which word a digit is depends there on the word counted (二 and
 * 两, ひとつ and いち), and their voices decide it. No more is any language nobody wrote rules for.
 */
const languages: Readonly<Record<string, SpokenLanguage>> = {
  en: britishEnglish,
  'en-us': americanEnglish,
  'en-ca': americanEnglish,
  de: german,
  fr: french,
  es: spanish,
  hi: hindi,
};

const languageOf = (tag: string): SpokenLanguage | undefined => {
  const [primary = '', region] = tag.toLowerCase().replaceAll('_', '-').split('-');
  if (primary === 'en' && region === undefined) return americanEnglish;
  return languages[`${primary}-${region ?? ''}`] ?? languages[primary];
};

const inWords = (written: MappedText, language: SpokenLanguage): MappedText => {
  const digits = /\p{Nd}/u.test(written.text);
  let spoken = written;
  for (const { rule, needsDigit } of rules)
    if (digits || !needsDigit) spoken = rule(spoken, language);
  return spoken;
};

/**
 * The text of a clause as people would say it. Deterministic, one pass, no input refused: what no
 * rule knows is passed on as written.
 *
 * @param open what the clause before it left open, `noStyles` at the beginning of an answer
 */
export const verbalise = (
  clause: Pick<Clause, 'text' | 'kind'>,
  options: SpeakingOptions,
  open: OpenStyles,
): Spoken => {
  const language = languageOf(options.language);
  const plain = withoutMarkdown(clause.text, clause.kind);
  const said = withoutEmoji(plain.text);
  const styled = styledParts(said.text, open, options.voiceStyles);
  const parts = styled.parts.map(({ text, style }) => {
    let spoken = pronounce(text, options.dictionary);
    if (language !== undefined) spoken = inWords(spoken, language);
    return { text: spoken, style };
  });
  const { kind } = clause;
  const { text, styles } = tidy(parts, {
    spacedMarks: language === french,
    ownLine: kind === 'heading' || kind === 'item' || kind === 'table',
  });
  return {
    text: text.text,
    spans: spansOf(text),
    styles,
    dropped: { ...plain.dropped, emoji: said.dropped, styles: styled.dropped },
    open: styled.open,
  };
};
