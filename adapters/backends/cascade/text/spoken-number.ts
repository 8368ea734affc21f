import type { Counted, SpokenLanguage } from './spoken-language.ts';
import { oncePer } from './once-per.ts';

/** A number as written, taken apart. */
export interface WrittenNumber {
  readonly negative: boolean;
  /** Without marks between groups. */
  readonly whole: string;
  /** After the decimal mark; empty if there is none. */
  readonly decimals: string;
}

/** The source of a pattern for one number, without groups: 12 · 1,250.5 · 1.250,50 · 1 250 · १२. */
export const numberPattern =
  "\\p{Nd}{1,3}(?:[.,'’\\u00a0\\u202f ]\\p{Nd}{2,3})*[.,'’\\u00a0\\u202f ]\\p{Nd}{3}(?:[.,]\\p{Nd}+)?(?!\\p{Nd})|\\p{Nd}+(?:[.,]\\p{Nd}+)?";

/** More digits than this are read one by one. */
const maxDigits = 15;

/** Decimal digits of any script as 0–9. */
export const asciiDigits = (text: string): string =>
  text.replace(/\p{Nd}/gu, (digit) => {
    if (digit <= '9') return digit;
    // Every script's ten digits stand in a row whose first one's code point ends in 0 or 6.
    const code = digit.codePointAt(0) ?? 0;
    let zero = code;
    while (code - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return String(code - zero);
  });

const groupedNumber = oncePer((language: SpokenLanguage): RegExp => {
  const mark = language.decimalMark;
  const group = mark === '.' ? ',' : '.';
  return new RegExp(
    `^(\\d{1,3}(?:(?:[${group}]\\d{2,3})*[${group}]\\d{3}|(?:['’\\u00a0\\u202f ]\\d{3})+))(?:[${mark}](\\d+))?$`,
    'u',
  );
});

/** @returns `undefined` if the marks make no number of this language */
export const readNumber = (
  written: string,
  language: SpokenLanguage,
): WrittenNumber | undefined => {
  const text = asciiDigits(written).replace(/^[-−]/u, '');
  const negative = /^[-−]/u.test(written);
  const grouped = groupedNumber(language).exec(text);
  if (grouped !== null)
    return { negative, whole: grouped[1]!.replace(/\D/gu, ''), decimals: grouped[2] ?? '' };
  // Models write 3.5 in every language; what cannot be a group is a decimal.
  const simple = /^(\d+)(?:[.,](\d+))?$/u.exec(text);
  return simple === null ? undefined : { negative, whole: simple[1]!, decimals: simple[2] ?? '' };
};

/** Digits one after another. */
export const sayDigits = (digits: string, language: SpokenLanguage): string =>
  Array.from(asciiDigits(digits))
    .map((digit) => language.numbers.cardinal(digit))
    .join(' ');

const bendsWithItsNoun = (whole: string, language: SpokenLanguage): boolean =>
  language.leaveOnes && /(?:^|[^1])1$/u.test(whole);

/** @returns `undefined` where the language leaves the number to the voice */
export const sayNumber = (number: WrittenNumber, language: SpokenLanguage): string | undefined => {
  const { whole, decimals, negative } = number;
  if (decimals === '' && bendsWithItsNoun(whole, language)) return undefined;
  const long = whole.length > maxDigits || /^0\d/u.test(whole);
  const said = long ? sayDigits(whole, language) : language.numbers.cardinal(whole);
  const after = decimals === '' ? '' : ` ${language.point} ${sayDigits(decimals, language)}`;
  return `${negative ? `${language.minus} ` : ''}${said}${after}`;
};

/** A number with what it counts: "one kilometer", "eine Stunde", "drei Euro". */
export const sayCounted = (
  number: WrittenNumber,
  thing: Counted,
  language: SpokenLanguage,
): string | undefined => {
  const single = number.whole === '1' && number.decimals === '';
  if (single && thing.a !== undefined)
    return `${number.negative ? `${language.minus} ` : ''}${thing.a} ${thing.one}`;
  const said = sayNumber(number, language);
  return said === undefined ? undefined : `${said} ${single ? thing.one : thing.many}`;
};

/** The value of a Roman numeral up to 39; `undefined` if it is none in its shortest form. */
export const readRoman = (text: string): number | undefined => {
  if (!/^X{0,3}(?:IX|IV|V?I{0,3})$/u.test(text) || text === '') return undefined;
  let value = 0;
  const values: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10 };
  for (let at = 0; at < text.length; at += 1) {
    const here = values[text[at]!]!;
    value += here < (values[text[at + 1] ?? ''] ?? 0) ? -here : here;
  }
  return value;
};
