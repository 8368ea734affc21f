import { hindiNumbers } from './hindi-numbers.ts';
import { frenchNumbers, spanishNumbers } from './romance-numbers.ts';
import type { Counted, SpokenLanguage } from './spoken-language.ts';

const counted = (one: string, many = `${one}s`): Counted => ({ one, many });
const invariable = (one: string): Counted => ({ one, many: one });

const frenchCents = counted('centime');
/** French: numbers, decimals, percentages, ranges and money. All else as written. */
export const french: SpokenLanguage = {
  numbers: frenchNumbers,
  decimalMark: ',',
  point: 'virgule',
  minus: 'moins',
  percent: 'pour cent',
  to: 'à',
  leaveOnes: true,
  currencies: {
    '€': { ...counted('euro'), minor: frenchCents, between: ' ' },
    EUR: { ...counted('euro'), minor: frenchCents, between: ' ' },
    $: { ...counted('dollar'), minor: counted('cent'), between: ' ' },
    '£': { ...counted('livre'), between: ' ' },
  },
  scales: ['millions?', 'milliards?'],
};

const spanishCents = counted('céntimo');
/** Spanish: the same parts as French. */
export const spanish: SpokenLanguage = {
  numbers: spanishNumbers,
  decimalMark: ',',
  point: 'coma',
  minus: 'menos',
  percent: 'por ciento',
  to: 'a',
  leaveOnes: true,
  currencies: {
    '€': { ...counted('euro'), minor: spanishCents, between: ' con ' },
    EUR: { ...counted('euro'), minor: spanishCents, between: ' con ' },
    $: { ...counted('dólar', 'dólares'), minor: counted('centavo'), between: ' con ' },
    '£': { ...counted('libra'), between: ' ' },
  },
  scales: ['millón', 'millones'],
};

/** Hindi: the same parts; digits of both scripts, groups of two as in 1,23,456. */
export const hindi: SpokenLanguage = {
  numbers: hindiNumbers,
  decimalMark: '.',
  point: 'दशमलव',
  minus: 'माइनस',
  percent: 'प्रतिशत',
  to: 'से',
  leaveOnes: false,
  currencies: {
    '₹': { ...counted('रुपया', 'रुपये'), minor: counted('पैसा', 'पैसे'), between: ' ' },
    INR: { ...counted('रुपया', 'रुपये'), minor: counted('पैसा', 'पैसे'), between: ' ' },
    $: { ...invariable('डॉलर'), minor: invariable('सेंट'), between: ' ' },
    '€': { ...invariable('यूरो'), minor: invariable('सेंट'), between: ' ' },
  },
  scales: ['लाख', 'करोड़'],
};
