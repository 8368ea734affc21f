/** One character as rules see it, and where it stands in the text. */
export interface Folded {
  /** Lower case, without accents, ASCII digits; white space is a blank. */
  readonly char: string;
  /** As it was written. */
  readonly raw: string;
  /** UTF-16 positions in the text: from, and the end (excluded). */
  readonly from: number;
  readonly to: number;
}

/** Letters of other scripts that look like Latin ones, each above the one it looks like. */
const lookalikeLetters = 'авсԁенһіјкморԛѕтуԝхαεηικνορτυχωıłøđħŧɑɡʏ';
const latinLetters = 'abcdehhijkmopqstywxaenikvoptuxwilodhtagy';
const lookalikes = new Map(
  Array.from(lookalikeLetters, (letter, index) => [letter, latinLetters[index] ?? letter]),
);
const ligatures = new Map([
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
]);

/** Marks on letters, and everything that is not seen: zero-width characters, soft hyphens, tags. */
const unseen = /[\p{M}\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/u;
const blank = /\s/u;
const decimalDigit = /\p{Nd}/u;

/**
 * Reads text piece by piece and gives its characters as rules compare them. Where a piece ends in the
 * middle of a character, the rest of it is waited for.
 */
export class Folder {
  #half = '';
  #at = 0;

  /** Where the text read so far ends, without half a character. */
  get position(): number {
    return this.#at;
  }

  push(delta: string, take: (folded: Folded) => void): void {
    const all = this.#half + delta;
    const whole = isHighSurrogate(all.at(-1) ?? '') ? all.length - 1 : all.length;
    this.#half = all.slice(whole);
    for (const raw of all.slice(0, whole)) {
      const from = this.#at;
      this.#at += raw.length;
      for (const char of fold(raw)) take({ char, raw, from, to: this.#at });
    }
  }
}

/** A whole text as rules compare it. */
export function folded(text: string): string {
  let result = '';
  new Folder().push(text, ({ char }) => (result += char));
  return result;
}

export function isLetter(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char > '\u007f' && /\p{L}/u.test(char));
}

export function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function fold(raw: string): string {
  if (raw < '\u007f' && raw > ' ') return raw.toLowerCase();
  if (blank.test(raw)) return ' ';
  let result = '';
  for (const part of raw.normalize('NFKD').toLowerCase().normalize('NFKD')) {
    if (unseen.test(part)) continue;
    if (blank.test(part)) result += ' ';
    else result += ligatures.get(part) ?? lookalikes.get(part) ?? asciiDigit(part);
  }
  return result;
}

/** Digits of every script stand in rows of ten. */
function asciiDigit(char: string): string {
  if (char < '\u0080' || !decimalDigit.test(char)) return char;
  const code = char.codePointAt(0)!;
  let value = 0;
  while (value < 9 && decimalDigit.test(String.fromCodePoint(code - value - 1))) value += 1;
  return String(value);
}

function isHighSurrogate(raw: string): boolean {
  return raw >= '\ud800' && raw <= '\udbff';
}
