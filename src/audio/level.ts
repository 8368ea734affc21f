import { decodeSamples } from './samples.ts';
import { msToSamples, type Codec } from './format.ts';

/** A window is audible when its level lies above this, dBFS (a full-scale square wave is 0). */
const audibleAboveDbfs = -50;

/** Length of a window that is judged audible or not, and of the step to the next one, ms. */
const audibleWindowMs = 10;

/** Root-mean-square level, dBFS: 0 for a full-scale square wave, −∞ for silence or no samples. */
export function levelDbfs(samples: Float32Array): number {
  if (samples.length === 0) return -Infinity;
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  return 10 * Math.log10(energy / samples.length);
}

/** Whether samples taken together lie above −50 dBFS. */
export function isAudible(samples: Float32Array): boolean {
  return levelDbfs(samples) > audibleAboveDbfs;
}

/**
 * The first audible sample: where the first of the 10 ms windows, counted from the start, begins
 * that lies above −50 dBFS. A window cut short by the end is judged by what there is of it.
 * `null` when nothing is audible.
 */
export function firstAudibleSample(samples: Float32Array, rateHz: number): number | null {
  const window = windowSamples(rateHz);
  for (let start = 0; start < samples.length; start += window) {
    const part = samples.subarray(start, start + window);
    if (levelDbfs(part) > audibleAboveDbfs) return start;
  }
  return null;
}

/** One past the last audible sample, to the millisecond; `null` when nothing is audible. */
export function lastAudibleEnd(samples: Float32Array, rateHz: number): number | null {
  const window = windowSamples(rateHz);
  const step = Math.max(1, msToSamples(1, rateHz));
  for (let end = samples.length; end >= window; end -= step) {
    if (levelDbfs(samples.subarray(end - window, end)) > audibleAboveDbfs) return end;
  }
  return null;
}

const nothing = new Float32Array(0);

/**
 * Waits for the first audible sample of a stream that comes in pieces. Windows run across
 * the pieces' borders, so the answer is that of {@link firstAudibleSample} over the whole, given
 * as soon as the window is complete.
 */
export class AudibleOnset {
  readonly #codec: Codec;
  #window: Float32Array;
  #filled = 0;
  #windowStart: number;
  #found = false;

  /** @param startSample position of the first sample that will be pushed */
  constructor(rateHz: number, startSample = 0, codec: Codec = 'pcm16') {
    this.#codec = codec;
    this.#window = new Float32Array(windowSamples(rateHz));
    this.#windowStart = startSample;
  }

  /** Whether the onset has been reported. */
  get found(): boolean {
    return this.#found;
  }

  /**
   * @param bytes the next samples; not kept
   * @returns position of the first audible sample, once; `null` before and ever after
   * @throws RangeError when `bytes` is not a whole number of samples
   */
  push(bytes: Uint8Array): number | null {
    if (this.#found) return null;
    const samples = decodeSamples(bytes, this.#codec);
    for (let taken = 0; taken < samples.length;) {
      const part = samples.subarray(taken, taken + this.#window.length - this.#filled);
      this.#window.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled < this.#window.length) break;
      const onset = this.#judge(this.#window);
      if (onset !== null) return onset;
    }
    return null;
  }

  /** Judges the window that the end of the stream cut short. Same result as `push`. */
  finish(): number | null {
    if (this.#found || this.#filled === 0) return null;
    return this.#judge(this.#window.subarray(0, this.#filled));
  }

  #judge(window: Float32Array): number | null {
    const start = this.#windowStart;
    this.#windowStart += window.length;
    this.#filled = 0;
    if (levelDbfs(window) <= audibleAboveDbfs) return null;
    this.#found = true;
    // Calls keep what knows their lines for hours.
    this.#window = nothing;
    return start;
  }
}

/** @throws RangeError when the rate leaves no whole sample in a window */
function windowSamples(rateHz: number): number {
  const samples = msToSamples(audibleWindowMs, rateHz);
  if (!(samples >= 1)) throw new RangeError(`rateHz must be positive, got ${rateHz}`);
  return samples;
}
