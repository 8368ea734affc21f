import { SpokenLength, spokenLength } from './spoken-length.ts';
import type { WordTime } from '../ports/conversation.ts';

/** How a backend's text and audio belong together. */
export type LineTiming =
  /** The text of audio comes before it. */
  | 'paired'
  /** Words say where on the audio they lie. */
  | 'words'
  /** Both come side by side, and nobody says how they belong together. */
  | 'loose';

interface Stretch {
  readonly fromChar: number;
  readonly atMs: number;
}

interface PlacedWord {
  readonly startMs: number;
  readonly endMs: number;
  readonly toChar: number;
}

/** Knows up to where a line's audio says nothing but the first so many characters of its text. */
export class TextCover {
  readonly #told: LineTiming;
  readonly #stretches: Stretch[] = [];
  readonly #words: PlacedWord[] = [];
  #text = '';
  readonly #all = new SpokenLength();
  #read = new SpokenLength();
  #timed = true;

  constructor(timing: LineTiming) {
    this.#told = timing;
  }

  get text(): string {
    return this.#text;
  }

  /** As it was told; words that do not tell their times come beside their audio. */
  get timing(): LineTiming {
    return this.#told === 'words' && !this.#timed ? 'loose' : this.#told;
  }

  /** @param audioMs length of the audio that came before it */
  append(delta: string, words: readonly WordTime[] | null, audioMs: number): void {
    const fromChar = this.#text.length;
    if (audioMs > (this.#stretches.at(-1)?.atMs ?? -1)) {
      this.#stretches.push({ fromChar, atMs: audioMs });
    }
    this.#text += delta;
    this.#all.read(this.#text, this.#text.length);
    if (words === null || words.length === 0) {
      if (delta.trim() !== '') this.#timed = false;
      return;
    }
    let from = 0;
    for (const { text, startMs, endMs } of words) {
      const at = delta.indexOf(text, from);
      if (at < 0) {
        this.#timed = false;
        return;
      }
      from = at + text.length;
      this.#words.push({ startMs, endMs, toChar: fromChar + from });
    }
  }

  /**
   * Position on the line's audio, ms; `Infinity`: all that there is of it. Where the two come side by
   * side, so much speech instead, without the pauses in it.
   *
   * @param rest what is known to be said between the text so far and what may not be said; `null`:
   *   nothing is known of that
   */
  ms(safeChars: number, rest: string | null = null): number {
    if (this.timing === 'loose') return this.#spoken(safeChars).leastMs;
    if (this.timing === 'words') return this.#byWords(safeChars);
    const byWords = this.#timed && this.#words.length > 0;
    if (safeChars < this.#text.length) {
      const words = byWords ? this.#byWords(safeChars) : Infinity;
      return Math.min(words, this.#byStretches(safeChars));
    }
    // The times of words may come after their sound: what that says is known only so far.
    const isBehind = byWords || this.#text === '';
    if (rest === null || !isBehind) return Infinity;
    return (this.#words.at(-1)?.endMs ?? 0) + spokenLength(rest).leastMs;
  }

  /** How much speech so much of its text usually is, ms: an estimate. */
  usualMs(safeChars: number): number {
    return this.#spoken(safeChars).usualMs;
  }

  /** The same of all of it. */
  get wholeUsualMs(): number {
    return this.#all.usualMs;
  }

  /** Whether the words that are said from this place on are known already. */
  knows(fromMs: number): boolean {
    if (this.timing === 'paired') return true;
    const last = this.#words.at(-1);
    return this.timing === 'words' && last !== undefined && fromMs < last.endMs;
  }

  #byWords(safeChars: number): number {
    const next = this.#words.find(({ toChar }) => toChar > safeChars);
    return next?.startMs ?? this.#words.at(-1)?.endMs ?? 0;
  }

  #byStretches(safeChars: number): number {
    const { fromChar, atMs } = this.#stretches.findLast((each) => each.fromChar <= safeChars) ?? {
      fromChar: 0,
      atMs: 0,
    };
    return atMs + this.#leastMs(fromChar, safeChars);
  }

  #leastMs(fromChar: number, toChar: number): number {
    return spokenLength(this.#text.slice(fromChar, toChar)).leastMs;
  }

  /** What is safe grows, and what is read of it is not read again. */
  #spoken(toChar: number): SpokenLength {
    if (toChar < this.#read.readTo) this.#read = new SpokenLength();
    this.#read.read(this.#text, toChar);
    return this.#read;
  }
}
