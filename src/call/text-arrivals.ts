/** Latest pieces of a line's text that are remembered (a count). */
const arrivalLimit = 64;

interface Arrival {
  /** Text of the line with it, characters. */
  readonly characters: number;
  /** Audio of the line that had come by then, ms. */
  readonly audioMs: number;
}

/** How much of a line's audio was there when its text came, piece by piece. */
export class TextArrivals {
  readonly #arrivals: Arrival[] = [];

  /** Audio that was there when the latest text came, ms; `null`: none has come. */
  get latestMs(): number | null {
    return this.#arrivals.at(-1)?.audioMs ?? null;
  }

  /** More text came. @param characters of the line, with it */
  came(characters: number, audioMs: number): void {
    this.#arrivals.push({ characters, audioMs });
    if (this.#arrivals.length > arrivalLimit) this.#arrivals.shift();
  }

  /**
   * By how much each piece came after the sound that ends it, ms, in a line that was said to its end;
   * negative where it came first. Its words are taken to lie evenly.
   */
  lagsMs(characters: number, audioMs: number): readonly number[] {
    if (characters === 0) return [];
    return this.#arrivals.map((arrival) => {
      const endMs = (audioMs * arrival.characters) / characters;
      return arrival.audioMs - endMs;
    });
  }
}
