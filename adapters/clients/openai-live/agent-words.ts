import { Placing, Spacing, type Stretch } from './placing.ts';

/** Text up to this length is given with its audio, characters: a few words. */
const atOnceLimit = 32;
/** How fast longer text is taken to be spoken, characters a second: brisk speech. */
const charactersPerSecond = 15;

/**
 * What the agent says, told as it is said. Words that come with their own audio are told at once;
 * a sentence that comes as a whole is told at the pace of speech, so that of one that is cut off
 * only what was voiced appears.
 */
export class AgentWords {
  readonly #placing: Placing;
  readonly #spacing = new Spacing();
  #waiting = '';
  /** Where on the timeline what waits began, ms. */
  #fromMs = 0;
  #told = 0;

  constructor(placing: Placing) {
    this.#placing = placing;
  }

  /** Words whose audio begins in the frame from `startMs` on, timeline ms; `null` ends a line. */
  reached(text: string | null, startMs: number, endMs: number): (Stretch & { delta: string })[] {
    const before = this.#flush(startMs, endMs);
    if (text === null) {
      this.#spacing.next();
      return before;
    }
    if (text === '') return before;
    if (text.length <= atOnceLimit) return [...before, this.#tell(text, startMs, endMs)];
    this.#waiting = text;
    this.#fromMs = startMs;
    this.#told = 0;
    return before;
  }

  /** The frame that ends at `endMs` was voiced. */
  voiced(startMs: number, endMs: number): (Stretch & { delta: string })[] {
    if (this.#waiting === '') return [];
    const spoken = Math.floor(((endMs - this.#fromMs) / 1000) * charactersPerSecond);
    const space = this.#waiting.lastIndexOf(' ', spoken - this.#told);
    if (spoken - this.#told >= this.#waiting.length) return this.#flush(startMs, endMs);
    if (space <= 0) return [];
    const delta = this.#waiting.slice(0, space);
    this.#waiting = this.#waiting.slice(space);
    this.#told += space;
    return [this.#tell(delta, startMs, endMs)];
  }

  /** The agent was cut off: what was not voiced is never told. */
  cut(): void {
    this.#waiting = '';
    this.#spacing.next();
  }

  #flush(startMs: number, endMs: number): (Stretch & { delta: string })[] {
    if (this.#waiting === '') return [];
    const delta = this.#waiting;
    this.#waiting = '';
    return [this.#tell(delta, startMs, endMs)];
  }

  #tell(delta: string, startMs: number, endMs: number): Stretch & { delta: string } {
    return { delta: this.#spacing.join(delta), ...this.#placing.place(startMs, endMs) };
  }
}
