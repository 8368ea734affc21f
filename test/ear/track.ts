/** Ten minutes at 24 kHz, in samples: what one recording holds at most. */
const trackLimitSamples = 10 * 60 * 24_000;

/** One side of a recording: silence, into which sound is written at sample positions. */
export class Track {
  readonly limitSamples: number;
  #samples = new Float32Array(24_000);
  #length = 0;
  #refused = 0;

  constructor(limitSamples = trackLimitSamples) {
    this.limitSamples = limitSamples;
  }

  /** One past the last sample written. */
  get length(): number {
    return this.#length;
  }

  /** Samples that lay past the limit and were not recorded. */
  get refusedSamples(): number {
    return this.#refused;
  }

  /** Copies `samples` to the position; what was there is replaced. */
  write(atSample: number, samples: Float32Array): void {
    const end = Math.min(this.limitSamples, atSample + samples.length);
    const taken = Math.max(0, end - atSample);
    this.#refused += samples.length - taken;
    if (taken === 0) return;
    if (end > this.#samples.length) {
      const grown = new Float32Array(Math.min(this.limitSamples, 2 * end));
      grown.set(this.#samples);
      this.#samples = grown;
    }
    this.#samples.set(samples.subarray(0, taken), atSample);
    this.#length = Math.max(this.#length, end);
  }

  /** Silences everything from the position on. */
  clearFrom(atSample: number): void {
    if (atSample >= this.#length) return;
    this.#samples.fill(0, atSample, this.#length);
    this.#length = atSample;
  }

  /** A copy of the first `lengthSamples`, filled up with silence. */
  toSamples(lengthSamples = this.#length): Float32Array {
    const copy = new Float32Array(lengthSamples);
    copy.set(this.#samples.subarray(0, Math.min(this.#length, lengthSamples)));
    return copy;
  }
}
