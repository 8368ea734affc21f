import { abbreviation } from './abbreviations.ts';
import {
  isCloser,
  isPhraseMark,
  isPlainStop,
  isSpace,
  isUnspaced,
  isWide,
  isWidePhraseMark,
  isWideStop,
  leansBack,
} from './characters.ts';

/**
 * How good a place in a text is for ending a clause. `bound` is a space that must not be one
 * unless nothing else is left ("Dr. | Smith", "5 | km"); `none` is no place at all.
 */
export type BreakStrength = 'none' | 'bound' | 'word' | 'phrase' | 'sentence';

/** The text before a place, cut into what decides: the last word, its stops, its closing marks. */
interface Tail {
  /** The word, opening marks removed. */
  readonly word: string;
  readonly stops: string;
  readonly closing: string;
  /** What stands before the word. */
  readonly before: string;
}

const tailOf = (text: string): Tail => {
  let end = text.length;
  while (end > 0 && isCloser(text[end - 1]!)) end -= 1;
  const closing = text.slice(end);
  let stop = end;
  while (stop > 0 && (isPlainStop(text[stop - 1]!) || '.…'.includes(text[stop - 1]!))) stop -= 1;
  const stops = text.slice(stop, end);
  let start = stop;
  while (start > 0 && !isSpace(text[start - 1]!)) start -= 1;
  const word = text.slice(start, stop).replace(/^["'“‘„«([{*_¿¡]+/u, '');
  return { word, stops, closing, before: text.slice(0, start) };
};

const isLower = (mark: string): boolean => /^\p{Ll}$/u.test(mark);
const isDigit = (mark: string): boolean => /^\p{Nd}$/u.test(mark);

const fullStop = (tail: Tail, next: string, language: string): BreakStrength => {
  const { word } = tail;
  const digits = /^\p{Nd}+$/u.test(word);
  // An enumeration: the number belongs to what follows it.
  if (digits && /(?:^|\n|[:;])\s*$/u.test(tail.before)) return 'bound';
  // "first 1. milk 2. eggs": the one before it stands in the same clause.
  if (digits && new RegExp(`(?:^|\\s)${Number(word) - 1}[.)]\\s`, 'u').test(tail.before))
    return 'bound';
  // "am 3. Mai": an ordinal is written like the end of a sentence.
  if (digits && word.length <= 2 && /^(?:de|da|nb|nn|no|fi|cs|sk|hu|et|hr|sl)\b/iu.test(language))
    return 'bound';
  const known = abbreviation(word, language);
  if (known === 'leads') return 'bound';
  if (known === 'before-number' && isDigit(next)) return 'bound';
  if (known === 'may-end') return isLower(next) || isDigit(next) ? 'bound' : 'sentence';
  // Initials, "z. B.", "J. R. R."; the English "I" ends a sentence after a small word.
  if (/^(?:\p{L}\.?)*\p{L}$/u.test(word) && /^\p{L}(?:\.\p{L})*$/u.test(word))
    return word === 'I' && /\p{Ll}\s+$/u.test(tail.before) ? 'sentence' : 'bound';
  return isLower(next) ? 'word' : 'sentence';
};

/**
 * The place between `text`, which ends without white space, and a mark that comes after white space.
 *
 * @param text what stands before, white space at its end removed
 * @param next the first UTF-16 unit of what follows
 */
export const breakAtSpace = (text: string, next: string, language: string): BreakStrength => {
  if (leansBack(next)) return 'none';
  const tail = tailOf(text);
  const last = text.at(-1) ?? '';
  if (/(?:\.{2,}|…)$/u.test(tail.stops)) return isLower(next) ? 'phrase' : 'sentence';
  if (tail.stops.endsWith('.')) return fullStop(tail, next, language);
  // “Really?” she asked: the sentence goes on after the quotation.
  if (tail.stops !== '') return tail.closing !== '' && isLower(next) ? 'word' : 'sentence';
  if (isWideStop(text.at(-1 - tail.closing.length) ?? '')) return 'sentence';
  if (isWidePhraseMark(last) || isPhraseMark(last)) return 'phrase';
  if (/^\s-$/u.test(text.slice(-2))) return 'phrase';
  if (isUnspaced(last)) return 'phrase';
  // A number stays with its unit and with the rest of its digits; French marks stay with their word.
  if (isDigit(last) || isDigit(next) || /[«¿¡([{“„#№§$€£+]$/u.test(text)) return 'bound';
  return 'word';
};

/** The place between two marks with no white space between them. */
export const breakBetween = (text: string, next: string): BreakStrength => {
  if (leansBack(next) || isCloser(next)) return 'none';
  const tail = tailOf(text);
  const stop = text.at(-1 - tail.closing.length) ?? '';
  const last = text.at(-1) ?? '';
  if (isWideStop(stop)) return 'sentence';
  if (/[।॥۔]$/u.test(tail.stops)) return 'sentence';
  if (isWidePhraseMark(last)) return 'phrase';
  if (isWide(next)) {
    if (/[!?]$/u.test(tail.stops)) return 'sentence';
    if (/(?:\.{3,}|…)$/u.test(tail.stops)) return 'phrase';
  }
  return last === '—' ? 'phrase' : 'none';
};

/**
 * Whether a sentence is over whatever comes next, so that a clause need not wait for it: no
 * abbreviation, number, ellipsis or quotation at its end.
 */
export const surelyEnds = (text: string, language: string): boolean => {
  const tail = tailOf(text);
  if (text.includes('«') || tail.closing !== '') return false;
  if (/^[!?؟।॥۔]+$/u.test(tail.stops)) return true;
  if (isWideStop(text.at(-1) ?? '')) return false;
  if (tail.stops !== '.') return false;
  return (
    /^[\p{L}\p{M}'’-]{5,}$/u.test(tail.word) && abbreviation(tail.word, language) === undefined
  );
};

/** Whether what is there could be the end of a sentence, if nothing more comes for a while. */
export const mayEnd = (text: string, language: string): boolean =>
  isWideStop(text.at(-1 - tailOf(text).closing.length) ?? '') ||
  breakAtSpace(text, 'A', language) === 'sentence';
