import { germanNumbers } from './german-numbers.ts';
import type { Counted, SpokenLanguage } from './spoken-language.ts';

const { cardinal, ordinal } = germanNumbers;

const months =
  'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split(' ');

const monthPattern =
  'Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|(?:Jan|Feb|Mrz|Apr|Jun|Jul|Aug|Sept?|Okt|Nov|Dez)\\.?';

const counted = (one: string, many = one, a = 'ein'): Counted => ({ one, many, a });

const cents = counted('Cent');
const euro = { ...counted('Euro'), minor: cents, between: ' ' };
const dollar = { ...counted('Dollar'), minor: cents, between: ' ' };
const franc = { ...counted('Franken'), minor: counted('Rappen'), between: ' ' };
const pound = { ...counted('Pfund'), minor: counted('Penny', 'Pence'), between: ' ' };

const units = {
  km: counted('Kilometer'),
  m: counted('Meter'),
  cm: counted('Zentimeter'),
  mm: counted('Millimeter'),
  kg: counted('Kilogramm'),
  g: counted('Gramm'),
  mg: counted('Milligramm'),
  l: counted('Liter'),
  L: counted('Liter'),
  ml: counted('Milliliter'),
  'm²': counted('Quadratmeter'),
  qm: counted('Quadratmeter'),
  'm³': counted('Kubikmeter'),
  'km²': counted('Quadratkilometer'),
  'km/h': counted('Kilometer pro Stunde'),
  'm/s': counted('Meter pro Sekunde'),
  '°C': counted('Grad Celsius'),
  '°F': counted('Grad Fahrenheit'),
  '°': counted('Grad'),
  W: counted('Watt'),
  kW: counted('Kilowatt'),
  kWh: counted('Kilowattstunde', 'Kilowattstunden', 'eine'),
  V: counted('Volt'),
  Hz: counted('Hertz'),
  kHz: counted('Kilohertz'),
  MHz: counted('Megahertz'),
  GHz: counted('Gigahertz'),
  KB: counted('Kilobyte'),
  MB: counted('Megabyte'),
  GB: counted('Gigabyte'),
  TB: counted('Terabyte'),
  ms: counted('Millisekunde', 'Millisekunden', 'eine'),
  s: counted('Sekunde', 'Sekunden', 'eine'),
  Sek: counted('Sekunde', 'Sekunden', 'eine'),
  min: counted('Minute', 'Minuten', 'eine'),
  Min: counted('Minute', 'Minuten', 'eine'),
  h: counted('Stunde', 'Stunden', 'eine'),
  Std: counted('Stunde', 'Stunden', 'eine'),
};

const expansions = [
  ['Dr\\.', 'Doktor'],
  ['Prof\\.', 'Professor'],
  ['Hrn\\.', 'Herrn'],
  ['Hr\\.', 'Herr'],
  ['Fr\\.(?=\\s+\\p{Lu})', 'Frau'],
  ['St\\.(?=\\s+\\p{Lu})', 'Sankt'],
  ['z\\.\\s?B\\.', 'zum Beispiel'],
  ['d\\.\\s?h\\.', 'das heißt'],
  ['u\\.\\s?a\\.', 'unter anderem'],
  ['v\\.\\s?a\\.', 'vor allem'],
  ['o\\.\\s?ä\\.', 'oder Ähnliches'],
  ['i\\.\\s?d\\.\\s?R\\.', 'in der Regel'],
  ['usw\\.', 'und so weiter'],
  ['etc\\.', 'et cetera'],
  ['bzw\\.', 'beziehungsweise'],
  ['bspw\\.', 'beispielsweise'],
  ['sog\\.', 'sogenannte'],
  ['ca\\.', 'circa'],
  ['inkl\\.', 'inklusive'],
  ['exkl\\.', 'exklusive'],
  ['zzgl\\.', 'zuzüglich'],
  ['evtl\\.', 'eventuell'],
  ['ggf\\.', 'gegebenenfalls'],
  ['mind\\.', 'mindestens'],
  ['max\\.', 'maximal'],
  ['Nr\\.(?=\\s*\\p{Nd})', 'Nummer'],
  ['Tel\\.', 'Telefon'],
  ['Mio\\.', 'Millionen'],
  ['Mrd\\.', 'Milliarden'],
  ['MwSt\\.?', 'Mehrwertsteuer'],
  ['Str\\.', 'Straße'],
] as const;

/** Words after which an ordinal ends in -n, and those after which it ends in -e. */
const bends =
  /^(?:am|zum|vom|im|beim|dem|den|des|einem|einen|einer|ab|bis|seit|jedem|jeden|diesem|diesen|unserem|unseren)$/u;
const plain = /^(?:der|die|das|diese|dieser|dieses|jede|jeder)$/u;

const bent = (digits: string, before: string): string => {
  const stem = ordinal(digits);
  if (bends.test(before)) return `${stem}n`;
  return plain.test(before) ? stem : `${stem}r`;
};

const year = (digits: string): string => {
  const value = Number(digits);
  if (value < 1100 || value > 1999) return cardinal(digits);
  const rest = digits.slice(2);
  const hundreds = `${cardinal(digits.slice(0, 2))}hundert`;
  return rest === '00' ? hundreds : hundreds + cardinal(String(Number(rest)));
};

const hours = (hour: number): string => (hour === 1 ? 'ein' : cardinal(String(hour)));

const fractionName = (bottom: number): string => {
  if (bottom === 3) return 'Drittel';
  if (bottom === 7) return 'Siebtel';
  if (bottom === 8) return 'Achtel';
  return `${capital(cardinal(String(bottom)))}${bottom < 20 ? 'tel' : 'stel'}`;
};

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** German. */
export const german: SpokenLanguage = {
  numbers: germanNumbers,
  decimalMark: ',',
  point: 'Komma',
  minus: 'minus',
  percent: 'Prozent',
  to: 'bis',
  leaveOnes: false,
  currencies: {
    '€': euro,
    EUR: euro,
    Euro: euro,
    $: dollar,
    USD: dollar,
    '£': pound,
    GBP: pound,
    CHF: franc,
    '¥': { ...counted('Yen'), between: ' ' },
    '₹': { ...counted('Rupie', 'Rupien', 'eine'), between: ' ' },
  },
  scales: ['Tausend', 'Millionen', 'Million', 'Milliarden', 'Milliarde', 'Mio\\.', 'Mrd\\.'],
  dates: {
    months,
    monthPattern,
    order: 'day-first',
    year,
    say: (day, month, digits, before) =>
      [bent(String(day), before), months[month - 1]!, digits === undefined ? '' : year(digits)]
        .join(' ')
        .trim(),
  },
  times: {
    say: (hour, minute) =>
      `${hours(hour)} Uhr${minute === 0 ? '' : ` ${cardinal(String(minute))}`}`,
  },
  marks: {
    at: 'at',
    dot: 'Punkt',
    slash: 'Schrägstrich',
    dash: 'Bindestrich',
    underscore: 'Unterstrich',
    plus: 'plus',
    and: 'und',
    equals: 'gleich',
    times: 'mal',
    number: 'Nummer',
  },
  units,
  fraction: (whole, top, bottom) => {
    if (bottom < 2 || bottom > 100 || top < 1 || top >= bottom) return undefined;
    if (bottom === 2)
      return whole === undefined ? 'ein halb' : `${whole === '1' ? 'ein' : cardinal(whole)}einhalb`;
    const part = `${top === 1 ? 'ein' : cardinal(String(top))} ${fractionName(bottom)}`;
    return whole === undefined ? part : `${cardinal(whole)} und ${part}`;
  },
  ordinals: {
    pattern: /(?<![\p{L}\p{Nd}.,])(?<=(?<before>\p{L}+)\s)(?<digits>\p{Nd}{1,3})\.(?=\s+\p{L})/gu,
    say: (digits, before) =>
      bends.test(before.toLowerCase()) || plain.test(before.toLowerCase())
        ? bent(digits, before.toLowerCase())
        : `${cardinal(digits)}.`,
  },
  regnal: (digits) => `der ${capital(ordinal(digits))}`,
  regnalNames:
    'Heinrich|Elisabeth|Ludwig|Karl|Georg|Friedrich|Wilhelm|Otto|Napoleon|Pius|Paul|Benedikt|Franz|Nikolaus|Leopold|Philipp',
  expansions,
};
