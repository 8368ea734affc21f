/** Delays kept (a count); later ones take the place of the oldest. */
const delayLimit = 500_000;

/** What a steady server knows of the frames that reached it. */
export class DelayReport {
  readonly #delaysMs = new Float64Array(delayLimit);
  #marked = 0;
  #unmarked = 0;

  /** @param delayMs of one frame; `null` where it carried no marker */
  add(delayMs: number | null): void {
    if (delayMs === null) this.#unmarked += 1;
    else this.#delaysMs[this.#marked++ % delayLimit] = delayMs;
  }

  reset(): void {
    this.#marked = 0;
    this.#unmarked = 0;
  }

  /** Frames with and without a marker, and the delays, ms, as far as they are kept. */
  shown(): { marked: number; unmarked: number; delaysMs: number[] } {
    const kept = this.#delaysMs.subarray(0, Math.min(this.#marked, delayLimit));
    const delaysMs = Array.from(kept, (delayMs) => Math.round(delayMs * 1000) / 1000);
    return { marked: this.#marked, unmarked: this.#unmarked, delaysMs };
  }
}
