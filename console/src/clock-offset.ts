/**
 * Maps times of another clock to this page's: what says "it is now `theirs`" arrives some time
 * later, never earlier, so the smallest difference seen is the nearest to the truth. Old minima are
 * let go after a while, because two clocks drift apart.
 */
export class ClockOffset {
  readonly #windowMs: number;
  #current = Infinity;
  #next = Infinity;
  #turnMs = -Infinity;

  /** @param windowMs how long a minimum may count, at least, ms */
  constructor(windowMs = 30_000) {
    this.#windowMs = windowMs;
  }

  /** A message that was made at `theirMs` is here at `nowMs`. */
  observe(theirMs: number, nowMs: number): void {
    const offset = nowMs - theirMs;
    if (this.#turnMs === -Infinity) this.#turnMs = nowMs;
    if (nowMs - this.#turnMs > this.#windowMs) {
      this.#turnMs = nowMs;
      this.#current = this.#next;
      this.#next = Infinity;
    }
    this.#current = Math.min(this.#current, offset);
    this.#next = Math.min(this.#next, offset);
  }

  /** What to add to their time to have ours, ms; `null` while nothing was observed. */
  get offsetMs(): number | null {
    return this.#current === Infinity ? null : this.#current;
  }
}
