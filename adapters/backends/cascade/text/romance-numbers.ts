import { thousands, type NumberWords } from './number-words.ts';

const frenchSmall =
  'zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf'.split(
    ' ',
  );
const frenchTens = '_ _ vingt trente quarante cinquante soixante _ quatre-vingt _'.split(' ');

const frenchBelowHundred = (value: number): string => {
  if (value < 20) return frenchSmall[value]!;
  // Seventy and ninety count on from sixty and eighty.
  const ten = Math.floor(value / 10) - (value >= 70 && value < 80 ? 1 : 0) - (value >= 90 ? 1 : 0);
  const unit = value - ten * 10;
  if (unit === 0) return ten === 8 ? 'quatre-vingts' : frenchTens[ten]!;
  const joint = ten < 8 && (unit === 1 || unit === 11) ? ' et ' : '-';
  return frenchTens[ten]! + joint + frenchSmall[unit]!;
};

const frenchBelowThousand = (value: number): string => {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  if (hundreds === 0) return frenchBelowHundred(rest);
  const high = hundreds === 1 ? 'cent' : `${frenchSmall[hundreds]!} cent`;
  if (rest === 0) return hundreds === 1 ? high : `${high}s`;
  return `${high} ${frenchBelowHundred(rest)}`;
};

const frenchScales = ['', 'mille', 'million', 'milliard', 'billion'];

export const frenchNumbers: NumberWords = {
  cardinal: (digits) =>
    thousands(digits)
      .map(({ value, power }) => {
        const words = frenchBelowThousand(value);
        if (power === 0) return words;
        // "mille" is no noun: it takes no "un", and cent and vingt lose their s before it.
        if (power === 1)
          return value === 1 ? 'mille' : `${words.replace(/(cent|vingt)s$/u, '$1')} mille`;
        return `${words} ${frenchScales[power]!}${value === 1 ? '' : 's'}`;
      })
      .join(' ') || frenchSmall[0]!,
};

const spanishSmall =
  'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve'.split(
    ' ',
  );
const spanishTens = '_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa'.split(' ');
const spanishHundreds =
  '_ ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos'.split(
    ' ',
  );

const spanishBelowThousand = (value: number): string => {
  if (value === 100) return 'cien';
  const rest = value % 100;
  const words = value >= 100 ? [spanishHundreds[Math.floor(value / 100)]!] : [];
  if (rest > 0 && rest < 30) words.push(spanishSmall[rest]!);
  else if (rest >= 30) {
    const unit = rest % 10;
    words.push(
      spanishTens[Math.floor(rest / 10)]! + (unit === 0 ? '' : ` y ${spanishSmall[unit]!}`),
    );
  }
  return words.join(' ');
};

/** Before a noun "uno" loses its o. */
const shortened = (words: string): string =>
  words.replace(/veintiuno$/u, 'veintiún').replace(/\buno$/u, 'un');

const spanishBelowMillion = (value: number): string => {
  const high = Math.floor(value / 1000);
  const rest = value % 1000;
  const words =
    high === 0 ? [] : [high === 1 ? 'mil' : `${shortened(spanishBelowThousand(high))} mil`];
  if (rest > 0) words.push(spanishBelowThousand(rest));
  return words.join(' ');
};

export const spanishNumbers: NumberWords = {
  cardinal: (digits) => {
    const words: string[] = [];
    // Groups of six: millón, billón, trillón.
    const names = ['', 'millón', 'billón'];
    for (let end = digits.length, power = 0; end > 0; end -= 6, power += 1) {
      const value = Number(digits.slice(Math.max(0, end - 6), end));
      if (value === 0) continue;
      const said = spanishBelowMillion(value);
      const name = names[power]!;
      if (power === 0) words.unshift(said);
      else words.unshift(`${shortened(said)} ${value === 1 ? name : name.replace('ón', 'ones')}`);
    }
    return words.join(' ') || spanishSmall[0]!;
  },
};
