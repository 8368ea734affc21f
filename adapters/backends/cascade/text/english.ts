import { americanNumbers, britishNumbers } from './english-numbers.ts';
import type { NumberWords, OrdinalWords } from './number-words.ts';
import type { Counted, DateWords, SpokenLanguage } from './spoken-language.ts';

const months =
  'January February March April May June July August September October November December'.split(
    ' ',
  );

const counted = (one: string, many = `${one}s`): Counted => ({ one, many });

const cents = counted('cent');

const currencies = {
  $: { ...counted('dollar'), minor: cents, between: ' and ' },
  US$: { ...counted('US dollar'), minor: cents, between: ' and ' },
  USD: { ...counted('US dollar'), minor: cents, between: ' and ' },
  '€': { ...counted('euro'), minor: cents, between: ' and ' },
  EUR: { ...counted('euro'), minor: cents, between: ' and ' },
  '£': { ...counted('pound'), minor: counted('penny', 'pence'), between: ' and ' },
  GBP: { ...counted('pound'), minor: counted('penny', 'pence'), between: ' and ' },
  '¥': { ...counted('yen', 'yen'), between: '' },
  JPY: { ...counted('yen', 'yen'), between: '' },
  '₹': { ...counted('rupee'), minor: counted('paisa', 'paise'), between: ' and ' },
  INR: { ...counted('rupee'), minor: counted('paisa', 'paise'), between: ' and ' },
  CHF: { ...counted('Swiss franc'), between: '' },
};

const units = {
  km: counted('kilometer'),
  m: counted('meter'),
  cm: counted('centimeter'),
  mm: counted('millimeter'),
  mi: counted('mile'),
  ft: counted('foot', 'feet'),
  kg: counted('kilogram'),
  g: counted('gram'),
  mg: counted('milligram'),
  lb: counted('pound'),
  lbs: counted('pound'),
  oz: counted('ounce'),
  l: counted('liter'),
  L: counted('liter'),
  ml: counted('milliliter'),
  'm²': counted('square meter'),
  'm³': counted('cubic meter'),
  'km²': counted('square kilometer'),
  'km/h': counted('kilometer per hour', 'kilometers per hour'),
  mph: counted('mile per hour', 'miles per hour'),
  'm/s': counted('meter per second', 'meters per second'),
  '°C': counted('degree Celsius', 'degrees Celsius'),
  '°F': counted('degree Fahrenheit', 'degrees Fahrenheit'),
  '°': counted('degree'),
  W: counted('watt'),
  kW: counted('kilowatt'),
  kWh: counted('kilowatt hour'),
  V: counted('volt'),
  Hz: counted('hertz', 'hertz'),
  kHz: counted('kilohertz', 'kilohertz'),
  MHz: counted('megahertz', 'megahertz'),
  GHz: counted('gigahertz', 'gigahertz'),
  KB: counted('kilobyte'),
  MB: counted('megabyte'),
  GB: counted('gigabyte'),
  TB: counted('terabyte'),
  ms: counted('millisecond'),
  s: counted('second'),
  sec: counted('second'),
  min: counted('minute'),
  h: counted('hour'),
  hrs: counted('hour'),
};

const expansions = [
  ['Dr\\.(?=\\s+\\p{Lu})', 'Doctor'],
  ['Mr\\.', 'Mister'],
  ['Mrs\\.', 'Missus'],
  ['Ms\\.', 'Miss'],
  ['Prof\\.', 'Professor'],
  ['(?<=\\p{Ll}\\s)St\\.', 'Street'],
  ['St\\.(?=\\s+\\p{Lu})', 'Saint'],
  ['Ave\\.', 'Avenue'],
  ['Blvd\\.', 'Boulevard'],
  ['Rd\\.', 'Road'],
  ['Jr\\.', 'Junior'],
  ['Inc\\.', 'Incorporated'],
  ['Ltd\\.', 'Limited'],
  ['e\\.\\s?g\\.', 'for example'],
  ['i\\.\\s?e\\.', 'that is'],
  ['etc\\.', 'et cetera'],
  ['vs\\.', 'versus'],
  ['approx\\.', 'approximately'],
  ['Nos?\\.(?=\\s*\\p{Nd})', 'number'],
  ['w/o', 'without'],
  ['w/(?=\\s)', 'with'],
  ['24/7', 'twenty-four seven'],
] as const;

/** Two and two digits from 1100 to 2099, as people say them; others as numbers. */
const yearWith =
  ({ cardinal }: NumberWords) =>
  (digits: string): string => {
    const year = Number(digits);
    const high = digits.slice(0, 2);
    const low = digits.slice(2);
    if (year < 1100 || year > 2099) return cardinal(digits);
    if (low === '00') return year === 2000 ? cardinal(digits) : `${cardinal(high)} hundred`;
    if (year > 2000 && year < 2010) return cardinal(digits);
    return low.startsWith('0')
      ? `${cardinal(high)} oh ${cardinal(low)}`
      : `${cardinal(high)} ${cardinal(low)}`;
  };

const datesWith = (numbers: OrdinalWords, order: DateWords['order']): DateWords => ({
  months,
  monthPattern:
    'January|February|March|April|May|June|July|August|September|October|November|December|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\\.?',
  order,
  year: yearWith(numbers),
  say: (day, month, year, before) => {
    const nth = numbers.ordinal(String(day));
    const name = months[month - 1]!;
    const said =
      order === 'month-first'
        ? `${name} ${nth}`
        : `${before === 'the' ? '' : 'the '}${nth} of ${name}`;
    if (year === undefined) return said;
    return `${said}${order === 'month-first' ? ', ' : ' '}${yearWith(numbers)(year)}`;
  },
});

const fractionNames: Readonly<Record<number, Counted>> = {
  2: counted('half', 'halves'),
  4: counted('quarter'),
};

const englishWith = (numbers: OrdinalWords, order: DateWords['order']): SpokenLanguage => {
  const { cardinal, ordinal } = numbers;
  return {
    numbers,
    decimalMark: '.',
    point: 'point',
    minus: 'minus',
    percent: 'percent',
    to: 'to',
    leaveOnes: false,
    currencies,
    scales: ['thousand', 'million', 'billion', 'trillion'],
    dates: datesWith(numbers, order),
    times: {
      say: (hour, minute, half) => {
        const hours = cardinal(String(hour));
        const after = half === undefined ? '' : half === 'am' ? ' A M' : ' P M';
        if (minute > 0)
          return `${hours} ${minute < 10 ? 'oh ' : ''}${cardinal(String(minute))}${after}`;
        if (half !== undefined) return hours + after;
        return hour > 12 || hour === 0 ? `${hours} hundred` : `${hours} o'clock`;
      },
    },
    marks: {
      at: 'at',
      dot: 'dot',
      slash: 'slash',
      dash: 'dash',
      underscore: 'underscore',
      plus: 'plus',
      and: 'and',
      equals: 'equals',
      times: 'times',
      number: 'number',
    },
    units,
    fraction: (whole, top, bottom) => {
      if (bottom < 2 || bottom > 20 || top < 1 || top >= bottom) return undefined;
      const name = fractionNames[bottom] ?? counted(ordinal(String(bottom)));
      if (whole === undefined)
        return `${cardinal(String(top))} ${top === 1 ? name.one : name.many}`;
      const part = top === 1 ? `a ${name.one}` : `${cardinal(String(top))} ${name.many}`;
      return `${cardinal(whole)} and ${part}`;
    },
    ordinals: {
      pattern:
        /(?<![\p{L}\p{Nd}.,])(?<digits>\p{Nd}{1,3}(?:,\p{Nd}{3})*|\p{Nd}+)(?:st|nd|rd|th)(?!\p{L})/gu,
      say: (digits) => ordinal(digits),
    },
    regnal: (digits) => `the ${ordinal(digits)}`,
    regnalNames:
      'Henry|Elizabeth|Louis|Charles|George|Edward|Richard|William|James|Philip|Napoleon|Pius|Paul|Benedict|Francis|Frederick|Ramses|Nicholas|Catherine',
    expansions,
  };
};

/** English as in the United States: month first, "one hundred one". */
export const americanEnglish = englishWith(americanNumbers, 'month-first');
/** English elsewhere: day first, "one hundred and one". */
export const britishEnglish = englishWith(britishNumbers, 'day-first');
