/** Words for single digits, by language. Those that languages share mean the same in each. */
const digitWords = [
  ['zero', 'oh', 'o', 'null', 'nul', 'cero'],
  ['one', 'eins', 'een', 'un', 'une', 'uno', 'um', 'uma'],
  ['two', 'zwei', 'zwo', 'twee', 'deux', 'dos', 'due', 'dois', 'duas'],
  ['three', 'drei', 'drie', 'trois', 'tres', 'tre'],
  ['four', 'vier', 'quatre', 'cuatro', 'quattro', 'quatro'],
  ['five', 'funf', 'fuenf', 'vijf', 'cinq', 'cinco', 'cinque'],
  ['six', 'sechs', 'zes', 'seis', 'sei'],
  ['seven', 'sieben', 'zeven', 'sept', 'siete', 'sette', 'sete'],
  ['eight', 'acht', 'huit', 'ocho', 'otto', 'oito'],
  ['nine', 'neun', 'negen', 'neuf', 'nueve', 'nove'],
] as const;

const teens = [
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
] as const;
const tens = [
  'twenty',
  'thirty',
  'forty',
  'fifty',
  'sixty',
  'seventy',
  'eighty',
  'ninety',
] as const;

/** What a word means inside a number that is read out. */
export type NumberWord =
  | { readonly kind: 'digits'; readonly digits: string }
  /** `forty`: the digit after it takes the place of the zero. */
  | { readonly kind: 'tens'; readonly digits: string }
  /** `double`: the next digit comes this many times. */
  | { readonly kind: 'times'; readonly times: number }
  | { readonly kind: 'plus' }
  /** `dash`: stands between groups. */
  | { readonly kind: 'joint' };

const vocabulary = new Map<string, NumberWord>([
  ...digitWords.flatMap((words, digit) =>
    words.map((word) => [word, { kind: 'digits', digits: String(digit) }] as const),
  ),
  ...teens.map((word, index) => [word, { kind: 'digits', digits: String(10 + index) }] as const),
  ...tens.map((word, index) => [word, { kind: 'tens', digits: String(20 + 10 * index) }] as const),
  ['double', { kind: 'times', times: 2 }],
  ['doppel', { kind: 'times', times: 2 }],
  ['triple', { kind: 'times', times: 3 }],
  ['plus', { kind: 'plus' }],
  ...['dash', 'hyphen', 'minus', 'space', 'then', 'and', 'strich', 'bindestrich'].map(
    (word) => [word, { kind: 'joint' }] as const,
  ),
]);

const beginnings = new Set(
  [...vocabulary.keys()].flatMap((word) =>
    Array.from(word, (_char, end) => word.slice(0, end + 1)),
  ),
);

export function numberWord(word: string): NumberWord | undefined {
  return vocabulary.get(word);
}

/** Whether more letters can make one of the words. */
export function beginsNumberWord(letters: string): boolean {
  return beginnings.has(letters);
}
