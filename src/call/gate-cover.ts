import type { WordTime } from '../ports/conversation.ts';

/** How a backend's text and audio belong together. */
export type LineTiming =
  /** The text of audio comes before it. */
  | 'paired'
  /** Words say where on the audio they lie. */
  | 'words'
  /** Both come side by side, and nobody says how they belong together. */
  | 'loose';

/**
 * The least time that text takes to say, ms a character and ms a word: faster than anybody speaks, so
 * that audio up to there says no more than this text.
 */
const leastMsPerChar = 30;
const leastMsPerWord = 120;

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
  readonly #timing: LineTiming;
  readonly #stretches: Stretch[] = [];
  readonly #words: PlacedWord[] = [];
  #text = '';
  #timed = true;

  constructor(timing: LineTiming) {
    this.#timing = timing;
  }

  get text(): string {
    return this.#text;
  }

  /** @param audioMs length of the audio that came before it */
  append(delta: string, words: readonly WordTime[] | null, audioMs: number): void {
    const fromChar = this.#text.length;
    if (audioMs > (this.#stretches.at(-1)?.atMs ?? -1)) {
      this.#stretches.push({ fromChar, atMs: audioMs });
    }
    this.#text += delta;
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
   * Position on the line's audio, ms; `Infinity`: all that there is of it.
   *
   * @param rest what is known to be said between the text so far and what may not be said; `null`:
   *   nothing is known of that
   */
  ms(safeChars: number, rest: string | null = null): number {
    if (this.#timing === 'loose') return this.#leastMs(0, safeChars);
    const byWords = this.#timed && this.#words.length > 0;
    if (this.#timing === 'words' && this.#timed) return this.#byWords(safeChars);
    if (safeChars < this.#text.length) {
      const words = byWords ? this.#byWords(safeChars) : Infinity;
      return Math.min(words, this.#byStretches(safeChars));
    }
    // The times of words may come after their sound: what that says is known only so far.
    const isBehind = byWords || this.#text === '';
    if (rest === null || !isBehind) return Infinity;
    return (this.#words.at(-1)?.endMs ?? 0) + leastMsOf(rest);
  }

  /** Whether the words that are said from this place on are known already. */
  knows(fromMs: number): boolean {
    if (this.#timing === 'paired') return true;
    const last = this.#words.at(-1);
    return this.#timing === 'words' && this.#timed && last !== undefined && fromMs < last.endMs;
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
    return leastMsOf(this.#text.slice(fromChar, toChar));
  }
}

function leastMsOf(said: string): number {
  const words = said.match(/\S+/gu)?.length ?? 0;
  return Math.min(said.trim().length * leastMsPerChar, words * leastMsPerWord);
}
