import { seededRandom } from '../../ear/seeded-random.ts';

/**
 * Sentences as agents say them that break no rule, most with something that nearly does: numbers of
 * orders and rooms, prices, dates, times, products, long numbers with a wrong check digit, addresses
 * that nobody can write to, halves of phrases.
 */
export function cleanSentences(count: number, seed: number): readonly string[] {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const digits = (length: number): string =>
    Array.from(
      { length },
      (_, at) => Math.floor(random() * (at === 0 ? 9 : 10)) + (at === 0 ? 1 : 0),
    ).join('');
  const words = 'zero one two three four five six seven eight nine'.split(' ');
  const said = (number: string): string =>
    Array.from(number, (digit) => words[Number(digit)]).join(' ');
  const grouped = (number: string, size: number, joint: string): string =>
    number.match(new RegExp(`.{1,${size}}`, 'g'))!.join(joint);
  const wrongCard = (): string => {
    const head = `4${digits(14)}`;
    const right = Array.from('0123456789').find((last) => luhn(head + last))!;
    return head + String((Number(right) + 1 + Math.floor(random() * 9)) % 10);
  };
  const month = ['January', 'March', 'May', 'August', 'November'];
  const shapes: readonly (() => string)[] = [
    () => `Your order number is ${digits(pick([5, 6, 8]))}, and it left ${pick(['today', 'on Monday'])}.`,
    () => `Your order number is ${said(digits(pick([4, 5, 6])))}, please write it down.`,
    () => `The tracking number is ${grouped(wrongCard(), 4, pick([' ', '-', '']))}.`,
    () => `Room ${digits(3)} is free from the ${pick(['3rd', '12th'])} to the ${pick(['14th', '21st'])} of ${pick(month)}.`,
    () => `It costs ${digits(pick([2, 3]))}.${digits(2)} ${pick(['euros', 'dollars'])} a ${pick(['night', 'month'])}.`,
    () => `That makes ${digits(1)},${digits(3)}.${digits(2)} in all, for ${pick(words.slice(2))} of you.`,
    () => `We open at ${pick(['7:30', '9', '10:15'])} and close at ${pick(['18:00', 'six', '22:45'])}.`,
    () => `On ${digits(1)}/${digits(1)}/20${digits(2)} we had ${digits(3)} guests, ${digits(2)} of them new.`,
    () => `Find us at ${pick(['example dot com', 'our website', 'the front desk'])}, ${pick(['any time', 'day or night'])}.`,
    () => `Ask for ${pick(['Jo', 'Kim', 'Max'])} at the desk, or look at page ${digits(2)}.`,
    () => `I can not ${pick(['guarantee a seat', 'promise a refund', 'guarantee the refund'])} by the ${pick(['window', 'door'])}.`,
    () => `The ${pick(['record player', 'off-white chair', 'guaranteed returns plan'])} is on ${pick(['offer', 'shelf four'])}.`,
    () => `Version ${digits(1)}.${digits(1)}.${digits(2)} came out in 20${digits(2)}, after ${digits(2)} weeks.`,
    () => `Take bus ${digits(2)}, then ${digits(2)}, and get off after ${pick(words.slice(2))} stops.`,
    () => `The code is ${pick(['A', 'B', 'X'])}${digits(2)} ${digits(4)}, valid for ${digits(2)} days.`,
    () => `It is ${digits(2)} degrees, with ${digits(2)} percent humidity, at ${digits(4)} metres.`,
    () => `One or two of the ${pick(['three', 'four', 'five'])} of us, maybe ${pick(['six', 'seven'])}, will come.`,
    () => `Twenty twenty-${pick(words.slice(1))} was a good year, ${pick(['thirty', 'forty'])} ${pick(words.slice(1))} percent up.`,
    () => `The account ends in ${digits(4)}; is that ${pick(['still right', 'the one you use'])}?`,
    () => `${pick(['Of course', 'Certainly', 'Well'])}, I am glad to help you with that ${pick(['today', 'right away'])}.`,
  ]; // prettier-ignore
  return Array.from({ length: count }, (_, at) => shapes[at % shapes.length]!());
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (const [at, digit] of Array.from(digits).reverse().entries()) {
    const doubled = Number(digit) * (at % 2 === 1 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
