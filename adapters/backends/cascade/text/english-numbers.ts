import { thousands, type OrdinalWords } from './number-words.ts';

const small =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const tens = '_ _ twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const scales = ['', ' thousand', ' million', ' billion', ' trillion'];
const irregular: Readonly<Record<string, string>> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
};

const belowHundred = (value: number): string => {
  if (value < 20) return small[value]!;
  const unit = value % 10;
  return tens[Math.floor(value / 10)]! + (unit === 0 ? '' : `-${small[unit]!}`);
};

const belowThousand = (value: number, and: string): string => {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  const high = hundreds === 0 ? '' : `${small[hundreds]!} hundred`;
  if (rest === 0) return high;
  return high === '' ? belowHundred(rest) : `${high}${and} ${belowHundred(rest)}`;
};

const englishNumbers = (and: string): OrdinalWords => {
  const cardinal = (digits: string): string => {
    const groups = thousands(digits);
    if (groups.length === 0) return small[0]!;
    return groups
      .map(({ value, power }, at) => {
        // British: "one thousand and one", but "one thousand one hundred".
        const joins = power === 0 && at > 0 && value < 100 && and !== '';
        return (joins ? 'and ' : '') + belowThousand(value, and) + scales[power]!;
      })
      .join(' ');
  };
  const ordinal = (digits: string): string =>
    cardinal(digits).replace(/[a-z]+$/u, (last) => {
      if (last.endsWith('y')) return `${last.slice(0, -1)}ieth`;
      return irregular[last] ?? `${last}th`;
    });
  return { cardinal, ordinal };
};

export const americanNumbers = englishNumbers('');
export const britishNumbers = englishNumbers(' and');
