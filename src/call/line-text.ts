import { TextArrivals } from './text-arrivals.ts';
import type { SaidAnswer, SpeechFigures } from '../ports/health.ts';
import type { WordTime } from '../ports/conversation.ts';

/** A stretch of a line's text with its place on the line's audio. */
interface Placed {
  readonly text: string;
  /** `null` where the backend gave no times: placed by proportion. */
  readonly startMs: number | null;
  readonly endMs: number | null;
}

/** Text that begins where the line's audio was this long, ms. */
interface Anchor {
  readonly atMs: number;
  /** Position in the line's text, UTF-16. */
  readonly from: number;
}

/** Longest silence after a word that still goes with it when a line is stopped there, ms. */
const breathMs = 20;
/** Pace of a voice in a hurry, ms a character: less is said of text whose audio is shorter than that. */
const hurriedMs = 50;

/**
 * What a line says and where each word lies on its audio, so that "heard" can be answered in words.
 * A word counts as heard when half of it was played.
 */
export class LineText {
  readonly #placed: Placed[] = [];
  #text = '';
  #exact = true;
  /** Where stretches of the text begin on the audio, in order; the first is always the beginning. */
  readonly #anchors: Anchor[] = [{ atMs: 0, from: 0 }];
  readonly #arrivals = new TextArrivals();

  get text(): string {
    return this.#text;
  }

  /** Whether every word has a time of its own; otherwise `heard` is an estimate by proportion. */
  get exact(): boolean {
    return this.#exact;
  }

  /**
   * @param words times of the words in `delta`, in order; anything unplaceable makes it inexact
   * @param audioMs length of the line's audio where the words begin; `null` where that is not known
   */
  append(delta: string, words: readonly WordTime[] | null, audioMs: number | null = null): void {
    if (audioMs !== null && audioMs > (this.#anchors.at(-1)?.atMs ?? 0)) {
      this.#anchors.push({ atMs: audioMs, from: this.#text.length });
    }
    this.#text += delta;
    if (words === null || words.length === 0) {
      if (delta.trim() !== '') this.#exact = false;
      this.#placed.push({ text: delta, startMs: null, endMs: null });
      return;
    }
    let from = 0;
    for (const [index, word] of words.entries()) {
      const found = delta.indexOf(word.text, from);
      if (found < 0 || !(word.endMs >= word.startMs)) {
        this.#exact = false;
        continue;
      }
      const isLast = index === words.length - 1;
      const to = isLast ? delta.length : found + word.text.length;
      this.#placed.push({
        text: delta.slice(from, to),
        startMs: word.startMs,
        endMs: word.endMs,
      });
      from = to;
    }
    if (from < delta.length) {
      this.#placed.push({ text: delta.slice(from), startMs: null, endMs: null });
      if (delta.slice(from).trim() !== '') this.#exact = false;
    }
  }

  /**
   * How long the line's audio would be if it said all of the text, ms, where it breaks off within a
   * sound: the last stretch goes on at the pace of those before.
   * @param audioMs length of the line's audio so far
   */
  wholeMs(audioMs: number): number {
    if (this.#exact) return audioMs;
    const { atMs, from } = this.#anchors.at(-1) ?? { atMs: 0, from: 0 };
    const paceMs = from > 0 ? atMs / from : hurriedMs;
    return Math.max(audioMs, atMs + paceMs * (this.#text.length - from));
  }

  /** The text so far was there when the line's audio was this long, ms. */
  came(audioMs: number): void {
    this.#arrivals.came(this.#text.length, audioMs);
  }

  /**
   * Where the text so far ends on the audio, ms, by what is known of the backend; it may end behind
   * all audio that is there. `null`: too little is known.
   */
  endMs({ lagMs, msPerCharacter }: SpeechFigures): number | null {
    if (this.#exact) return this.#lastWordMs();
    const { atMs, from } = this.#anchors.at(-1) ?? { atMs: 0, from: 0 };
    const byPaceMs = atMs + msPerCharacter * (this.#text.length - from);
    const { latestMs } = this.#arrivals;
    if (lagMs === null) return null;
    if (latestMs === null) return byPaceMs;
    const [least, most] = lagMs;
    return Math.max(0, latestMs - most, Math.min(byPaceMs, latestMs - least));
  }

  /** What a line that was said to its end tells of its backend. */
  said(audioMs: number): SaidAnswer {
    const characters = this.#text.trim().length;
    return {
      characters,
      words: this.#text.match(/\S+/gu)?.length ?? 0,
      // A model without turns ends its lines with its own silence.
      audioMs: this.#exact ? Math.min(audioMs, this.#lastWordMs()) : audioMs,
      lagsMs: this.#exact ? [] : this.#arrivals.lagsMs(characters, audioMs),
    };
  }

  #lastWordMs(): number {
    return this.#placed.reduce((end, { endMs }) => Math.max(end, endMs ?? 0), 0);
  }

  /**
   * Nothing is said after this place on the audio, ms: words that count as heard there stay.
   * @param audioMs length of the line's audio so far
   */
  cut(atMs: number, audioMs: number): void {
    const kept = this.heard(atMs, audioMs);
    const placed = this.#placed.filter(
      ({ startMs, endMs }) => startMs === null || endMs === null || (startMs + endMs) / 2 <= atMs,
    );
    this.#placed.splice(0, this.#placed.length, ...placed);
    const anchors = this.#anchors.filter(({ from }) => from === 0 || from < kept.length);
    this.#anchors.splice(0, this.#anchors.length, ...anchors);
    this.#text = kept;
  }

  /**
   * The first place from `fromMs` on, ms, where the line can be stopped without cutting a word;
   * `null` where the times of its words are not known that far.
   */
  pauseAfter(fromMs: number): number | null {
    if (!this.#exact) return null;
    let wordsEndMs = 0;
    for (const { startMs, endMs } of this.#placed) {
      if (startMs === null || endMs === null) continue;
      if (fromMs <= startMs) {
        const silentFromMs = Math.max(fromMs, wordsEndMs);
        return silentFromMs + Math.min(breathMs, Math.max(0, startMs - silentFromMs) / 2);
      }
      wordsEndMs = Math.max(wordsEndMs, endMs);
    }
    return wordsEndMs > 0 && wordsEndMs >= fromMs ? wordsEndMs : null;
  }

  /**
   * The words whose middle lies before `heardMs`.
   * @param audioMs length of the line's audio so far, for lines without word times
   */
  heard(heardMs: number, audioMs: number): string {
    if (this.#exact) {
      let text = '';
      for (const { text: word, startMs, endMs } of this.#placed) {
        if (startMs !== null && endMs !== null && (startMs + endMs) / 2 > heardMs) break;
        text += word;
      }
      return text.trimEnd();
    }
    // Words can come before the first sample: none of them has been heard then.
    return audioMs > 0 && heardMs >= audioMs ? this.#text : this.#proportional(heardMs, audioMs);
  }

  /** Even within a stretch: from its anchor to the next one, the last to the end of the audio. */
  #proportional(heardMs: number, audioMs: number): string {
    if (heardMs <= 0 || audioMs <= 0) return '';
    const at = this.#anchors.findLastIndex((anchor) => anchor.atMs <= heardMs);
    const { atMs, from } = this.#anchors[at] ?? { atMs: 0, from: 0 };
    const next = this.#anchors[at + 1] ?? { atMs: audioMs, from: this.#text.length };
    const part = next.atMs > atMs ? Math.min(1, (heardMs - atMs) / (next.atMs - atMs)) : 1;
    const heardCharacters = from + part * (next.from - from);
    let end = 0;
    for (const match of this.#text.matchAll(/\S+/gu)) {
      if (match.index + match[0].length / 2 > heardCharacters) break;
      end = match.index + match[0].length;
    }
    return this.#text.slice(0, end);
  }
}
