/** The vendor takes so many flushes in so long (a count, ms); it ignores those beyond. */
const limit = 20;
const windowMs = 60_000;
/** Kept for those that must not wait: pieces that are to sound at once, and ends (a count). */
const reserved = 5;

/** How often a connection may still be told to speak what it has. */
export class FlushBudget {
  #flushedAtMs: number[] = [];

  /** A piece may be flushed of its own, so that it is told apart. */
  allowsPiece(nowMs: number): boolean {
    return this.#used(nowMs) < limit - reserved;
  }

  /** A piece may be flushed because it is to sound now; one flush is left for the end. */
  allowsUrgent(nowMs: number): boolean {
    return this.#used(nowMs) < limit - 1;
  }

  /** From when on an urgent one is allowed, ms. */
  urgentAtMs(nowMs: number): number {
    const used = this.#used(nowMs);
    const leaving = this.#flushedAtMs[used - (limit - 1)];
    return leaving === undefined ? nowMs : leaving + windowMs;
  }

  spend(nowMs: number): void {
    this.#flushedAtMs.push(nowMs);
  }

  #used(nowMs: number): number {
    this.#flushedAtMs = this.#flushedAtMs.filter((atMs) => atMs > nowMs - windowMs);
    return this.#flushedAtMs.length;
  }
}
