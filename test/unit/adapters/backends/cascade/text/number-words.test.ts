import { expect, test } from 'vitest';
import {
  americanNumbers,
  britishNumbers,
} from '../../../../../../adapters/backends/cascade/text/english-numbers.ts';
import { germanNumbers } from '../../../../../../adapters/backends/cascade/text/german-numbers.ts';
import { hindiNumbers } from '../../../../../../adapters/backends/cascade/text/hindi-numbers.ts';
import {
  frenchNumbers,
  spanishNumbers,
} from '../../../../../../adapters/backends/cascade/text/romance-numbers.ts';

const all = {
  americanNumbers,
  britishNumbers,
  germanNumbers,
  frenchNumbers,
  spanishNumbers,
  hindiNumbers,
};

test.each([
  [americanNumbers, '1000101', 'one million one hundred one'],
  [britishNumbers, '1001', 'one thousand and one'],
  [britishNumbers, '1100', 'one thousand one hundred'],
  [germanNumbers, '101', 'einhunderteins'],
  [germanNumbers, '21001', 'einundzwanzigtausendeins'],
  [germanNumbers, '1000000', 'eine Million'],
  [germanNumbers, '2001000000', 'zwei Milliarden eine Million'],
  [frenchNumbers, '71', 'soixante et onze'],
  [frenchNumbers, '80', 'quatre-vingts'],
  [frenchNumbers, '91', 'quatre-vingt-onze'],
  [frenchNumbers, '80000', 'quatre-vingt mille'],
  [frenchNumbers, '200', 'deux cents'],
  [frenchNumbers, '1000', 'mille'],
  [spanishNumbers, '16', 'dieciséis'],
  [spanishNumbers, '100', 'cien'],
  [spanishNumbers, '21000', 'veintiún mil'],
  [spanishNumbers, '1000000', 'un millón'],
  [spanishNumbers, '1000000000', 'mil millones'],
  [hindiNumbers, '99', 'निन्यानवे'],
  [hindiNumbers, '1234567', 'बारह लाख चौंतीस हज़ार पाँच सौ सड़सठ'],
])('%o %s → %s', ({ cardinal }, digits, words) => {
  expect(cardinal(digits)).toBe(words);
});

test.each([
  [americanNumbers, '1', 'first'],
  [americanNumbers, '12', 'twelfth'],
  [americanNumbers, '20', 'twentieth'],
  [americanNumbers, '1000', 'one thousandth'],
  [germanNumbers, '1', 'erste'],
  [germanNumbers, '7', 'siebte'],
  [germanNumbers, '19', 'neunzehnte'],
  [germanNumbers, '20', 'zwanzigste'],
  [germanNumbers, '103', 'einhundertdritte'],
  [germanNumbers, '1000000', 'millionste'],
])('%o %s. → %s', ({ ordinal }, digits, words) => {
  expect(ordinal(digits)).toBe(words);
});

test.each(Object.entries(all))('%s: no two numbers are said alike', (_, { cardinal }) => {
  const digits = Array.from({ length: 12_000 }, (_entry, value) => String(value));
  for (let power = 5; power < 15; power += 1)
    for (const lead of ['1', '2', '11', '21', '80', '101']) {
      const long = lead + '0'.repeat(power);
      if (long.length <= 15 && !digits.includes(long)) digits.push(long);
    }
  const said = digits.map(cardinal);
  expect(new Set(said).size).toBe(digits.length);
  for (const words of said) expect(words).not.toMatch(/undefined|\d|_| {2}|^ | $/u);
});
