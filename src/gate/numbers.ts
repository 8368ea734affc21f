import { isDigit, isLetter, type Folded } from './folded.ts';
import { beginsNumberWord, numberWord, type NumberWord } from './number-words.ts';
import type { Found, Scanner } from './scanner.ts';

/** Digits that were written or said together. */
export interface DigitGroup {
  readonly digits: string;
  readonly from: number;
  readonly to: number;
  /** In words. */
  readonly spoken: boolean;
  /** A plus sign stands before it. */
  readonly plus: boolean;
  /** What stands between it and the group before; empty at the beginning of a number. */
  readonly joint: string;
}

/** A kind of number, as groups of digits that follow each other. */
export interface NumberPattern {
  /** Digits of the longest one (a count). */
  readonly mostDigits: number;
  /**
   * Whether these groups are one.
   * @param whole they are all there is of the number so far; @param ended and no more will come
   */
  fits(
    groups: readonly DigitGroup[],
    at: { readonly whole: boolean; readonly ended: boolean },
  ): boolean;
  /** Whether these digits can be the beginning of one. */
  mayGrow(digits: string, groups: readonly DigitGroup[]): boolean;
}

/** What may stand between groups, and how many of it (a count). */
const between = /[\s\-–—‑−.,·•/()…:;_*|~'"]/u;
const jointLimit = 8;
/** Groups of one number that are kept (a count): more than the longest has, digit by digit. */
const groupLimit = 40;

/** Finds numbers with a pattern, whether in digits or in words, in one piece or in groups. */
export class NumberScanner implements Scanner {
  readonly #pattern: NumberPattern;
  readonly #found: Found;
  #groups: DigitGroup[] = [];
  /** Digits that are being written. */
  #digits: { text: string; readonly from: number; to: number } | null = null;
  #word: { letters: string; readonly from: number; to: number } | null = null;
  /** `forty` was the last group: a digit in words completes it. */
  #openTens = false;
  #times: { readonly times: number; readonly from: number } | null = null;
  #plusFrom: number | null = null;
  #joint = '';
  /** In a word that is no number. */
  #otherWord = false;

  constructor(pattern: NumberPattern, found: Found) {
    this.#pattern = pattern;
    this.#found = found;
  }

  get pendingFrom(): number | null {
    return this.#pending().from;
  }

  /** From its first digit on: who reads a number out says one after the other. */
  get likely(): boolean {
    const kind = this.#word === null ? undefined : numberWord(this.#word.letters)?.kind;
    return this.#pending().digits > 0 || (kind !== undefined && kind !== 'joint');
  }

  /** Where the longest beginning of a number stands, and how many digits it has. */
  #pending(): { readonly from: number | null; readonly digits: number } {
    const begun = this.#times?.from ?? this.#plusFrom ?? this.#digits?.from ?? this.#word?.from;
    let digits = this.#digits?.text ?? '';
    const limit = this.#pattern.mostDigits;
    const may = (groups: readonly DigitGroup[]): boolean =>
      digits.length <= limit && this.#pattern.mayGrow(digits, groups);
    let from = begun !== undefined && (digits === '' || may([])) ? begun : null;
    let count = from === null ? 0 : digits.length;
    for (let at = this.#groups.length - 1; at >= 0; at -= 1) {
      const group = this.#groups[at]!;
      digits = group.digits + digits;
      if (digits.length > limit) break;
      if (!may(this.#groups.slice(at))) continue;
      from = group.from;
      count = digits.length;
    }
    return { from, digits: count };
  }

  take({ char, from, to }: Folded): void {
    if (isDigit(char)) this.#takeDigit(char, from, to);
    else if (isLetter(char)) this.#takeLetter(char, from, to);
    else this.#takeOther(char, from);
  }

  end(): void {
    this.#endToken();
    this.#break();
  }

  #takeDigit(char: string, from: number, to: number): void {
    this.#endWord();
    this.#otherWord = false;
    this.#digits ??= { text: '', from, to };
    if (this.#digits.text.length <= this.#pattern.mostDigits) this.#digits.text += char;
    this.#digits.to = to;
  }

  #takeLetter(char: string, from: number, to: number): void {
    this.#endDigits();
    if (this.#otherWord) return;
    const letters = (this.#word?.letters ?? '') + char;
    if (beginsNumberWord(letters)) {
      this.#word = { letters, from: this.#word?.from ?? from, to };
      return;
    }
    this.#word = null;
    this.#otherWord = true;
    this.#break();
  }

  #takeOther(char: string, from: number): void {
    this.#endToken();
    this.#otherWord = false;
    if (char === '+') {
      this.#break();
      this.#plusFrom = from;
      return;
    }
    if (!between.test(char) || this.#joint.length >= jointLimit) this.#break();
    else this.#joint += char;
  }

  #endToken(): void {
    this.#endDigits();
    this.#endWord();
  }

  #endDigits(): void {
    if (this.#digits === null) return;
    const { text, from, to } = this.#digits;
    this.#digits = null;
    this.#openTens = false;
    this.#add(text, { from, to, spoken: false });
  }

  #endWord(): void {
    if (this.#word === null) return;
    const { letters, from, to } = this.#word;
    this.#word = null;
    const meaning = numberWord(letters);
    if (meaning === undefined) this.#break();
    else this.#say(meaning, from, to);
  }

  #say(meaning: NumberWord, from: number, to: number): void {
    switch (meaning.kind) {
      case 'digits': {
        const times = this.#times?.times ?? 1;
        if (
          this.#openTens &&
          times === 1 &&
          meaning.digits.length === 1 &&
          meaning.digits !== '0'
        ) {
          this.#completeTens(meaning.digits, to);
          return;
        }
        this.#openTens = false;
        this.#add(meaning.digits.repeat(times), { from, to, spoken: true });
        return;
      }
      case 'tens':
        this.#add(meaning.digits, { from, to, spoken: true });
        this.#openTens = true;
        return;
      case 'times':
        this.#openTens = false;
        this.#times = { times: meaning.times, from };
        return;
      case 'plus':
        this.#break();
        this.#plusFrom = from;
        return;
      case 'joint':
        this.#openTens = false;
        this.#joint = ' ';
    }
  }

  #completeTens(digit: string, to: number): void {
    this.#openTens = false;
    const last = this.#groups.pop();
    if (last === undefined) return;
    this.#groups.push({ ...last, digits: `${last.digits[0]}${digit}`, to });
    this.#joint = '';
    this.#look(false);
  }

  #add(digits: string, { from, ...rest }: Pick<DigitGroup, 'from' | 'to' | 'spoken'>): void {
    this.#groups.push({
      digits,
      ...rest,
      from: this.#plusFrom ?? this.#times?.from ?? from,
      plus: this.#plusFrom !== null,
      joint: this.#joint,
    });
    this.#plusFrom = null;
    this.#times = null;
    this.#joint = '';
    if (this.#groups.length > groupLimit) this.#groups.shift();
    this.#look(false);
  }

  /** Something that belongs to no number: what follows is another one. */
  #break(): void {
    if (this.#groups.length > 0) this.#look(true);
    this.#groups = [];
    this.#openTens = false;
    this.#times = null;
    this.#plusFrom = null;
    this.#joint = '';
  }

  /** Looks at every beginning that the last group can be the end of. */
  #look(ended: boolean): void {
    const last = this.#groups.at(-1)!;
    let count = 0;
    for (let at = this.#groups.length - 1; at >= 0; at -= 1) {
      const first = this.#groups[at]!;
      count += first.digits.length;
      if (count > this.#pattern.mostDigits) return;
      if (this.#pattern.fits(this.#groups.slice(at), { whole: at === 0, ended })) {
        this.#found({ from: first.from, to: last.to });
      }
    }
  }
}
