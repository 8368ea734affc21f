/** Length of a bin, ms. */
const binMs = 10;

/**
 * The loudest sample of every 10 ms of one side, for as long as there is room: then the oldest make
 * way. Time is the page's own, counted from the call's start.
 */
export class PeakTrack {
  readonly #peaks: Float32Array;
  #nextBin = 0;

  /** @param capacityMs longest time that is kept, ms */
  constructor(capacityMs = 30 * 60_000) {
    this.#peaks = new Float32Array(Math.ceil(capacityMs / binMs));
  }

  /** End of what was written, ms. */
  get endMs(): number {
    return this.#nextBin * binMs;
  }

  /** Writes samples of which the last was at `endMs`. What lies before the kept time is lost. */
  write(samples: Float32Array, endMs: number, rateHz: number): void {
    const startMs = endMs - (samples.length / rateHz) * 1000;
    for (const [i, sample] of samples.entries()) {
      const bin = Math.floor((startMs + (i / rateHz) * 1000) / binMs);
      if (bin < 0 || bin < this.#nextBin - this.#peaks.length) continue;
      this.#clearUpTo(bin);
      const place = bin % this.#peaks.length;
      this.#peaks[place] = Math.max(this.#peaks[place]!, Math.abs(sample));
    }
  }

  /** Loudest sample in [fromMs, toMs), 0 to 1; 0 where nothing is kept. */
  peak(fromMs: number, toMs: number): number {
    const first = Math.max(Math.floor(fromMs / binMs), this.#nextBin - this.#peaks.length, 0);
    const last = Math.min(Math.max(first + 1, Math.ceil(toMs / binMs)), this.#nextBin);
    let peak = 0;
    for (let bin = first; bin < last; bin += 1) {
      peak = Math.max(peak, this.#peaks[bin % this.#peaks.length]!);
    }
    return peak;
  }

  #clearUpTo(bin: number): void {
    const from = Math.max(this.#nextBin, bin - this.#peaks.length + 1);
    for (let next = from; next <= bin; next += 1) this.#peaks[next % this.#peaks.length] = 0;
    this.#nextBin = Math.max(this.#nextBin, bin + 1);
  }
}
