/**
 * The least time that text takes to say, ms a letter or digit and ms a word: faster than anybody
 * speaks, so that speech up to there says no more than this text.
 */
const leastMsPerChar = 30;
const leastMsPerWord = 120;
/** The time that it usually takes, ms a letter, a word of letters and a digit: a voice in a hurry. */
const usualMsPerLetter = 60;
const usualMsPerWord = 280;
const usualMsPerDigit = 200;

const blank = /\s/;
const letter = /\p{L}/u;
const digit = /\p{N}/u;

/** How long a text is when it is spoken; it is read once, however often it is asked. */
export class SpokenLength {
  #at = 0;
  #letters = 0;
  #digits = 0;
  #words = 0;
  /** Words that are no mere numbers. */
  #letterWords = 0;
  #inWord = false;
  #inLetterWord = false;

  /** Reads on to this position; what was read stays read. */
  read(text: string, toChar: number): void {
    for (const char of text.slice(this.#at, toChar)) {
      if (blank.test(char)) this.#inWord = this.#inLetterWord = false;
      else if (letter.test(char)) this.#letter();
      else if (digit.test(char)) this.#digit();
    }
    this.#at = Math.max(this.#at, toChar);
  }

  get readTo(): number {
    return this.#at;
  }

  /** Nobody says it faster than in so many ms. */
  get leastMs(): number {
    const charsMs = (this.#letters + this.#digits) * leastMsPerChar;
    return Math.min(charsMs, this.#words * leastMsPerWord);
  }

  /** An estimate, ms. */
  get usualMs(): number {
    const lettersMs = this.#letters * usualMsPerLetter;
    return Math.min(lettersMs, this.#letterWords * usualMsPerWord) + this.#digits * usualMsPerDigit;
  }

  #letter(): void {
    this.#letters += 1;
    if (!this.#inWord) this.#words += 1;
    if (!this.#inLetterWord) this.#letterWords += 1;
    this.#inWord = this.#inLetterWord = true;
  }

  #digit(): void {
    this.#digits += 1;
    if (!this.#inWord) this.#words += 1;
    this.#inWord = true;
  }
}

/** The same of a whole text. */
export function spokenLength(text: string): SpokenLength {
  const length = new SpokenLength();
  length.read(text, text.length);
  return length;
}
