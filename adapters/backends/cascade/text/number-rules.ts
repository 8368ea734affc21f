import { rewrite, type MappedText } from './mapped-text.ts';
import { oncePer } from './once-per.ts';
import type { SpokenLanguage } from './spoken-language.ts';
import {
  asciiDigits,
  numberPattern,
  readNumber,
  readRoman,
  sayDigits,
  sayNumber,
} from './spoken-number.ts';

type Rule = (source: MappedText, language: SpokenLanguage) => MappedText;

/** Not part of a longer thing: a word, a date, a version, an address. */
const alone = '(?<![\\p{L}\\p{Nd}]|[\\p{L}\\p{Nd}][-/:.,_@])';
const ends = '(?![\\p{L}\\p{Nd}]|[-/:.,_@][\\p{L}\\p{Nd}])';
const sign = '(?:(?<![\\p{L}\\p{Nd})\\]])[-−](?=\\p{Nd}))?';

const plain = new RegExp(`${sign}${alone}(?:${numberPattern})${ends}`, 'gu');
const percent = new RegExp(`${sign}${alone}(?<number>${numberPattern})\\s?%`, 'gu');
const roman =
  /(?<=(?<before>\p{Lu}\p{L}+) )(?<roman>[IVX]{2,})(?![\p{L}\p{Nd}])(?<stop>\.(?=,|\s+\p{Ll}))?/gu;
const versions = /(?<![\p{L}\p{Nd}.])v?\p{Nd}+(?:\.\p{Nd}+){2,}(?![\p{L}\p{Nd}.])(?=\.?)/gu;
const slashed =
  /(?<![\p{L}\p{Nd}/.,-])(?:(?<whole>\p{Nd}{1,3}) )?(?<top>\p{Nd}{1,2})[/⁄](?<bottom>\p{Nd}{1,2})(?![\p{L}\p{Nd}/]|[.,]\p{Nd})/gu;
const vulgar = /(?<![\p{L}\p{Nd}])(?:(?<whole>\p{Nd}{1,3}) ?)?(?<sign>[½⅓⅔¼¾⅛])/gu;
const vulgars: Readonly<Record<string, readonly [number, number]>> = {
  '½': [1, 2],
  '⅓': [1, 3],
  '⅔': [2, 3],
  '¼': [1, 4],
  '¾': [3, 4],
  '⅛': [1, 8],
};

export const percentages: Rule = (source, language) =>
  rewrite(source, percent, (match) => {
    const number = readNumber(match[0].replace(/\s?%$/u, ''), language);
    if (number === undefined) return undefined;
    const said = sayNumber(number, language);
    return said === undefined ? undefined : `${said} ${language.percent}`;
  });

export const fractions: Rule = (source, language) => {
  const { fraction } = language;
  if (fraction === undefined) return source;
  const said = rewrite(source, slashed, ({ groups }) =>
    fraction(groups?.['whole'], Number(groups?.['top']), Number(groups?.['bottom'])),
  );
  return rewrite(said, vulgar, ({ groups }) => {
    const parts = vulgars[groups?.['sign'] ?? ''];
    return parts === undefined ? undefined : fraction(groups?.['whole'], ...parts);
  });
};

export const ordinals: Rule = (source, language) => {
  const { ordinals: own } = language;
  if (own === undefined) return source;
  return rewrite(source, own.pattern, ({ groups }) => {
    const digits = asciiDigits(groups?.['digits'] ?? '').replaceAll(',', '');
    if (Number(digits) === 0 || digits.length > 12) return undefined;
    return own.say(digits, groups?.['before'] ?? '');
  });
};

const regnalPattern = oncePer(
  ({ regnalNames }: SpokenLanguage): RegExp => new RegExp(`^(?:${regnalNames ?? ''})$`, 'u'),
);

/** "Henry VIII", "Heinrich VIII.", "Chapter IV"; one letter alone, or after a small word, is left alone. */
export const romanNumerals: Rule = (source, language) => {
  const { regnal } = language;
  if (regnal === undefined) return source;
  const names = regnalPattern(language);
  return rewrite(source, roman, ({ groups }) => {
    const value = readRoman(groups?.['roman'] ?? '');
    if (value === undefined) return undefined;
    return names.test(groups?.['before'] ?? '')
      ? regnal(String(value))
      : language.numbers.cardinal(String(value));
  });
};

/** 1.2.3 is no number: its parts are read one by one. */
export const versionNumbers: Rule = (source, language) => {
  const { marks } = language;
  if (marks === undefined) return source;
  return rewrite(source, versions, ([written]) =>
    written
      .replace(/^v/u, '')
      .split('.')
      .map((part) =>
        part.length > 3 || /^0./u.test(part)
          ? sayDigits(part, language)
          : language.numbers.cardinal(asciiDigits(part)),
      )
      .join(` ${marks.dot} `),
  );
};

const year = new RegExp(
  `${alone}(?:19|20)\\d\\d(?<s>s(?!\\p{L}))?(?!\\p{L})${ends.replace('[-/', '[/')}`,
  'gu',
);

/** Four digits that stand alone and are a year of 1900–2099. */
export const years: Rule = (source, language) => {
  const { dates } = language;
  if (dates === undefined) return source;
  return rewrite(source, year, ({ 0: written, groups }) =>
    groups?.['s'] === undefined ? dates.year(written) : undefined,
  );
};

/** Every number that is left. */
export const numbers: Rule = (source, language) =>
  rewrite(source, plain, ([written]) => {
    const number = readNumber(written, language);
    return number === undefined ? undefined : sayNumber(number, language);
  });

const sayBound = (written: string, language: SpokenLanguage): string | undefined => {
  const { dates } = language;
  if (dates !== undefined && /^(?:19|20)\d\d$/u.test(written)) return dates.year(written);
  const number = readNumber(written, language);
  return number === undefined ? undefined : sayNumber(number, language);
};

const openLeft = '(?<![\\p{L}\\p{Nd}/:.,_@–—-])';
const openRight = '(?![\\p{L}\\p{Nd}]|[-–—/:_@.,]\\p{Nd})';
const both = new RegExp(
  `${openLeft}(?<low>${numberPattern})(?: ?[–—] ?|-)(?<high>${numberPattern})${openRight}`,
  'gu',
);
const low = new RegExp(`${openLeft}(?<low>${numberPattern})(?<dash> ?[–—] ?|-)(?=\\p{L})`, 'gu');
const high = new RegExp(
  `(?<=\\p{L})(?<dash> ?[–—] ?|-)(?<high>${numberPattern})${openRight}`,
  'gu',
);

/** "3–5", and dashes next to something that is in words already: "9:00–17:00", "3–5 km". */
export const ranges: Rule = (source, language) => {
  const to = ` ${language.to} `;
  let text = rewrite(source, both, ({ groups }) => {
    const from = sayBound(groups?.['low'] ?? '', language);
    const until = sayBound(groups?.['high'] ?? '', language);
    return from === undefined || until === undefined ? undefined : from + to + until;
  });
  text = rewrite(text, low, ({ 0: written, groups, index }, { fixed }) => {
    const from = sayBound(groups?.['low'] ?? '', language);
    return from !== undefined && fixed[index + written.length] === true ? from + to : undefined;
  });
  text = rewrite(text, high, ({ groups, index }, { fixed }) => {
    const until = sayBound(groups?.['high'] ?? '', language);
    return until !== undefined && fixed[index - 1] === true ? to + until : undefined;
  });
  return rewrite(text, / ?[–—] ?|-/gu, (match, { fixed }) => {
    const end = match.index + match[0].length;
    return fixed[match.index - 1] === true && fixed[end] === true ? to : undefined;
  });
};
