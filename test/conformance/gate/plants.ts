/** Sentences with something in them that may not be said, and where in their words it stands. */
export interface Planted {
  /** Name of the rule that has to find it. */
  readonly rule: string;
  readonly words: readonly string[];
  /** Place of the first word that may not be said, and of the first one after it. */
  readonly from: number;
  readonly to: number;
}

/** The rules that all of them break; `words`: how it is said. */
export const gateRules = [
  { name: 'promise', block: ['guarantee a refund', 'off the record', 'idiot*'] },
  { pattern: 'card' },
  { pattern: 'iban' },
  { pattern: 'us-ssn' },
  { pattern: 'phone' },
  { pattern: 'email' },
  { name: 'account', regex: 'acct[- ]?\\d{4,6}\\b' },
] as const;

/** What is planted, by the rule that finds it. */
const plants: readonly (readonly [rule: string, text: string])[] = [
  ['promise', 'guarantee a refund'],
  ['card', 'four one one one, one one one one, one one one one, one one one one'],
  ['card', '4111-1111-1111-1111'],
  ['iban', 'DE89 3704 0044 0532 0130 00'],
  ['promise', 'off the record'],
  ['email', 'jo dot smith at example dot com'],
  ['card', 'double five double five 5555 5555 double four double four'],
  ['us-ssn', '219-09-9999'],
  ['account', 'acct 12345'],
  ['card', 'forty one eleven eleven eleven one one one one one one one one'],
  ['phone', '+49 30 1234567'],
  ['promise', 'IDIOTIC'],
  ['email', 'jo.smith@example.com'],
  ['card', 'three seven eight two eight two two four six three one zero zero zero five'],
  ['us-ssn', 'two one nine, zero nine, nine nine nine nine'],
  ['iban', 'D E eight nine three seven zero four zero zero four four zero five three two zero one three zero zero zero'],
  ['card', '3782 822463 10005'],
  ['phone', 'plus four nine three zero one two three four five six seven'],
  ['promise', 'guarantee — a — refund'],
  ['card', 'four one one one um one one one one and one one one one then one one one one'],
]; // prettier-ignore

/** Words around them, none of which is in a plant. */
const before = [
  '',
  'Well,',
  'Certainly, here comes your answer:',
  'We found everything in our system today:',
];
const after = ['', 'Would this suit?', 'Please write it down for later.'];

/** Any number of planted sentences, each another one as long as there are others. */
export function plantedSentences(count: number, from = 0): readonly Planted[] {
  return Array.from({ length: count }, (_, i) => plantedSentence(from + i));
}

function plantedSentence(index: number): Planted {
  const [rule, text] = plants[index % plants.length]!;
  const round = Math.floor(index / plants.length) + index;
  const opening = wordsOf(before[round % before.length]!);
  const plant = wordsOf(text);
  const closing = wordsOf(after[round % after.length]!);
  const ending = closing.length === 0 ? '.' : '.';
  const words = [...opening, ...plant.slice(0, -1), `${plant.at(-1)!}${ending}`, ...closing];
  return { rule, words, from: opening.length, to: opening.length + plant.length };
}

/** Nothing wrong with these, though some look like it for a while. */
export const cleanSentences: readonly string[] = [
  'Certainly, your table is booked for eight in the evening.',
  'Your order number is four one one one seven, and it left yesterday.',
  'The room costs 120 euros a night, from the 21st to the 24th.',
  'We can not guarantee a seat by the window, I am afraid.',
  'Meet us at seven at the side door, the bell is broken.',
  'Booking 4111 2222 3333 4444 9 is on its way to you.',
];

export function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** A transcript cut in the middle of every word: as many pieces as words. */
export function cutDeltas(words: readonly string[]): readonly string[] {
  const half = (word: string): number => Math.ceil(word.length / 2);
  return words.map((word, place) => {
    const previous = words[place - 1];
    const head = previous === undefined ? '' : `${previous.slice(half(previous))} `;
    const isLast = place === words.length - 1;
    return head + (isLast ? word : word.slice(0, half(word)));
  });
}
