/** Transcripts lie on a grid of this width, ms. */
const gridMs = 200;

/** A stretch of the timeline, whole ms. */
export interface Stretch {
  readonly start_ms: number;
  readonly end_ms: number;
}

/**
 * Places transcripts of both speakers on the timeline: rounded outwards to the grid, and never
 * before what was placed before. Receivers take a start that goes back for a new session.
 */
export class Placing {
  #lastStartMs = 0;

  place(startMs: number, endMs: number): Stretch {
    const start = Math.max(this.#lastStartMs, Math.floor(Math.max(0, startMs) / gridMs) * gridMs);
    this.#lastStartMs = start;
    return { start_ms: start, end_ms: Math.max(start, Math.ceil(endMs / gridMs) * gridMs) };
  }
}

/** Separates what is said from what was said before it: fragments bring their own spaces. */
export class Spacing {
  #any = false;
  #fresh = false;

  /** What follows is a new utterance. */
  next(): void {
    this.#fresh = this.#any;
  }

  /** @returns the fragment as it is to be appended */
  join(delta: string): string {
    const space = this.#fresh && !/^\s/u.test(delta) ? ' ' : '';
    this.#any = true;
    this.#fresh = false;
    return space + delta;
  }
}
