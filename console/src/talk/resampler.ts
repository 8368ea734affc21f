/** Half length of the filter, in samples at the lower of the two rates. */
const reach = 16;

/**
 * Streaming conversion from one rate to another by a windowed sinc (Hann, 32 taps at the lower
 * rate). Equal rates pass through. Output lags the input by `reach` samples of the lower rate.
 */
export class Resampler {
  readonly #step: number;
  readonly #cutoff: number;
  readonly #half: number;
  /** Input not passed yet, oldest first. */
  #kept: Float32Array;
  /** Place of the next output sample in `#kept`. */
  #at: number;

  /** @throws RangeError when a rate is not positive */
  constructor(fromHz: number, toHz: number) {
    if (!(fromHz > 0 && toHz > 0)) throw new RangeError(`rates must be > 0: ${fromHz}, ${toHz}`);
    this.#step = fromHz / toHz;
    this.#cutoff = Math.min(1, toHz / fromHz);
    this.#half = Math.ceil(reach / this.#cutoff);
    this.#kept = new Float32Array(this.#half);
    this.#at = this.#half;
  }

  /** The samples are only read. @returns what can be told by now, samples at the other rate */
  push(samples: Float32Array): Float32Array {
    if (this.#step === 1) return samples.slice();
    const input = new Float32Array(this.#kept.length + samples.length);
    input.set(this.#kept);
    input.set(samples, this.#kept.length);
    const output: number[] = [];
    while (this.#at + this.#half < input.length) {
      output.push(this.#sampleAt(input, this.#at));
      this.#at += this.#step;
    }
    const done = Math.max(0, Math.floor(this.#at) - this.#half);
    this.#kept = input.slice(done);
    this.#at -= done;
    return Float32Array.from(output);
  }

  #sampleAt(input: Float32Array, at: number): number {
    const first = Math.max(0, Math.ceil(at - this.#half));
    const last = Math.min(input.length - 1, Math.floor(at + this.#half));
    let sum = 0;
    for (let i = first; i <= last; i += 1) {
      const x = at - i;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / this.#half);
      sum += input[i]! * sinc(x * this.#cutoff) * window;
    }
    return sum * this.#cutoff;
  }
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
