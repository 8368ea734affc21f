import { rewrite, type MappedText } from './mapped-text.ts';
import { oncePer } from './once-per.ts';
import type { DateWords, SpokenLanguage } from './spoken-language.ts';

type Rule = (source: MappedText, language: SpokenLanguage) => MappedText;

const dayOf = (text: string | undefined): number | undefined => {
  const day = Number(text);
  return Number.isInteger(day) && day >= 1 && day <= 31 ? day : undefined;
};

const fullYear = (digits: string | undefined): string | undefined => {
  if (digits?.length !== 2) return digits;
  return `${Number(digits) < 70 ? '20' : '19'}${digits}`;
};

/** The last word before a place, lower case. */
const wordBefore = (text: string, at: number): string =>
  /(\p{L}+)\s+$/u.exec(text.slice(0, at))?.[1]?.toLowerCase() ?? '';

const monthOf = (name: string, { months }: DateWords): number => {
  const start = name.replace('.', '').slice(0, 3).toLowerCase();
  const short: Readonly<Record<string, number>> = { mrz: 3, jän: 1 };
  return short[start] ?? months.findIndex((month) => month.toLowerCase().startsWith(start)) + 1;
};

const iso = /(?<![\p{L}\d/.-])(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?![\p{L}\d/-])/gu;
const numeric =
  /(?<![\p{L}\d/.-])(?<a>\d{1,2})(?<mark>[/.])(?<b>\d{1,2})\k<mark>(?<year>\d{4}|\d{2})?(?![\p{L}\d/-])(?!\.\d)/gu;

const namedPatterns = oncePer(({ monthPattern }: DateWords): readonly RegExp[] => [
  new RegExp(
    `(?<![\\p{L}\\d])(?<month>${monthPattern})\\s(?<day>\\d{1,2})(?:st|nd|rd|th)?(?:,?\\s(?<year>\\d{4}))?(?![\\p{L}\\d:]|[.,]\\d)`,
    'gu',
  ),
  new RegExp(
    `(?<![\\p{L}\\d.,])(?<day>\\d{1,2})(?:st|nd|rd|th|\\.)?\\s(?:of\\s)?(?<month>${monthPattern})(?:,?\\s(?<year>\\d{4}))?(?![\\p{L}\\d]|[.,]\\d)`,
    'gu',
  ),
]);

/** ISO dates, numeric dates in the order of the locale, and dates with a month's name. */
export const dates: Rule = (source, language) => {
  const { dates: own } = language;
  if (own === undefined) return source;
  let text = rewrite(source, iso, ({ groups, index }, { text: whole }) => {
    const day = dayOf(groups?.['day']);
    const month = Number(groups?.['month']);
    if (day === undefined || month < 1 || month > 12) return undefined;
    return own.say(day, month, groups?.['year'], wordBefore(whole, index));
  });
  text = rewrite(text, numeric, ({ groups, index }, { text: whole }) => {
    const a = Number(groups?.['a']);
    const b = Number(groups?.['b']);
    // "3.5." is a day and a month in German only; "3/5/" is nothing anywhere.
    if (groups?.['year'] === undefined && groups?.['mark'] !== '.') return undefined;
    if (groups['mark'] === '.' && groups['year'] === undefined && language.decimalMark === '.')
      return undefined;
    const monthFirst = groups['mark'] === '/' && own.order === 'month-first' ? a <= 12 : b > 12;
    const [day, month] = monthFirst ? [b, a] : [a, b];
    if (dayOf(String(day)) === undefined || month < 1 || month > 12) return undefined;
    return own.say(day, month, fullYear(groups['year']), wordBefore(whole, index));
  });
  for (const pattern of namedPatterns(own))
    text = rewrite(text, pattern, ({ groups, index }, { text: whole }) => {
      const day = dayOf(groups?.['day']);
      const month = monthOf(groups?.['month'] ?? '', own);
      if (day === undefined || month === 0) return undefined;
      return own.say(day, month, groups?.['year'], wordBefore(whole, index));
    });
  return text;
};

const clock =
  /(?<![\p{L}\d.,:/])(?<hour>\d{1,2})(?::(?<minute>\d{2})(?!:?\d)|\.(?<dotted>\d{2})(?=\s?Uhr))?(?<oclock>\s?Uhr(?!\p{L})|\s?h(?!\p{L})(?<=\d{2}\s?h))?(?:\s?(?<half>[AaPp])\.?[Mm](?![\p{L}])(?<stop>\.)?)?/gu;

/** 10:30 · 3pm · 14.30 Uhr. A bare number is no time. */
export const times: Rule = (source, language) => {
  const { times: own } = language;
  if (own === undefined) return source;
  return rewrite(source, clock, ({ 0: written, groups, index }, { text }) => {
    const minute = groups?.['minute'] ?? groups?.['dotted'];
    const half = groups?.['half'];
    const oclock = groups?.['oclock']?.trim();
    if (minute === undefined && half === undefined && oclock !== 'Uhr') return undefined;
    const hour = Number(groups?.['hour']);
    if (hour > 24 || Number(minute ?? 0) > 59) return undefined;
    if (half !== undefined && (hour > 12 || hour === 0)) return undefined;
    const side = half === undefined ? undefined : half.toLowerCase() === 'a' ? 'am' : 'pm';
    // The full stop of "a.m." may be the sentence's as well.
    const after = text.slice(index + written.length);
    const stop = groups?.['stop'] !== undefined && /^(?:\s*$|\s+\p{Lu})/u.test(after) ? '.' : '';
    return own.say(hour, Number(minute ?? 0), side) + stop;
  });
};
