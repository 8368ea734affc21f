import { thousands, type OrdinalWords } from './number-words.ts';

const small =
  'null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn'.split(
    ' ',
  );
const tens = '_ _ zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig'.split(' ');
const scales = [
  ['Million', 'Millionen'],
  ['Milliarde', 'Milliarden'],
  ['Billion', 'Billionen'],
] as const;

/** "ein" at the end is without its s, as before another part of the word. */
const belowThousand = (value: number): string => {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  const high = hundreds === 0 ? '' : `${small[hundreds]!}hundert`;
  if (rest === 0) return high;
  if (rest < 20) return high + small[rest]!;
  const unit = rest % 10;
  return `${high}${unit === 0 ? '' : `${small[unit]!}und`}${tens[Math.floor(rest / 10)]!}`;
};

const belowMillion = (value: number): string => {
  const high = Math.floor(value / 1000);
  const rest = value % 1000;
  return `${high === 0 ? '' : `${belowThousand(high)}tausend`}${rest === 0 ? '' : belowThousand(rest)}`;
};

const parts = (digits: string): readonly string[] => {
  const groups = thousands(digits);
  const large = groups
    .filter(({ power }) => power >= 2)
    .map(({ value, power }) => {
      const [one, many] = scales[power - 2]!;
      return value === 1 ? `eine ${one}` : `${belowThousand(value)} ${many}`;
    });
  const low = Number(digits.slice(-6));
  return low === 0 ? large : [...large, belowMillion(low)];
};

const ordinalOfLast = (word: string, low: number): string => {
  const rest = low % 100;
  if (word === '') return word;
  const irregular: Readonly<Record<number, readonly [RegExp, string]>> = {
    1: [/ein$/u, 'erste'],
    3: [/drei$/u, 'dritte'],
    7: [/sieben$/u, 'siebte'],
    8: [/acht$/u, 'achte'],
  };
  const rule = irregular[rest];
  if (rule !== undefined) return word.replace(...rule);
  return `${word}${rest > 0 && rest < 20 ? 'te' : 'ste'}`;
};

export const germanNumbers: OrdinalWords = {
  cardinal: (digits) => {
    const words = parts(digits).join(' ');
    return words === '' ? small[0]! : words.replace(/ein$/u, 'eins');
  },
  ordinal: (digits) => {
    const words = parts(digits);
    const low = Number(digits.slice(-6));
    // "millionste", "zweimillionste": one word, and seldom said.
    if (low === 0)
      return `${words
        .join('')
        .toLowerCase()
        .replace(/^eine /u, '')
        .replaceAll(' ', '')
        .replace(/(?:en|e)$/u, '')}ste`;
    return [...words.slice(0, -1), ordinalOfLast(words.at(-1)!, low)].join(' ');
  },
};
