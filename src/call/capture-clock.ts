/** Length of audio that shares one entry, ms. */
const bucketMs = 100;
/** Entries kept (a count): 6 s of audio. */
const bucketLimit = 60;
/**
 * When the caller's audio was captured, told from when it came. Nothing comes before it was captured,
 * so of all chunks from a position on the one that was least late decides. What a stall held back and
 * then came in a heap is not moved by it, as it would be on a timeline where chunks follow one another;
 * what came before a gap says nothing about what came after.
 */
export class CaptureClock {
  /** Least arrival less position of the chunks that end in a stretch of audio, ms; by its number. */
  readonly #leastMs = new Map<number, number>();
  #newestMs = 0;

  /**
   * A chunk came whole.
   *
   * @param endMs position of its end on the sample clock
   * @param atMs call time
   */
  arrived(endMs: number, atMs: number): void {
    const bucket = Math.floor(endMs / bucketMs);
    const latenessMs = atMs - endMs;
    const known = this.#leastMs.get(bucket);
    if (known === undefined || latenessMs < known) this.#leastMs.set(bucket, latenessMs);
    this.#newestMs = endMs;
    if (this.#leastMs.size <= bucketLimit) return;
    this.#leastMs.delete(this.#leastMs.keys().next().value!);
  }

  /** Call time at which a position was captured; 0 before any audio came. */
  callTimeOf(audioMs: number): number {
    const positionMs = Math.min(audioMs, this.#newestMs);
    const from = Math.min(Math.ceil(positionMs / bucketMs), Math.floor(this.#newestMs / bucketMs));
    let leastMs = Infinity;
    for (const [bucket, latenessMs] of this.#leastMs) {
      if (bucket >= from) leastMs = Math.min(leastMs, latenessMs);
    }
    return leastMs === Infinity ? 0 : Math.max(0, positionMs + leastMs);
  }
}
