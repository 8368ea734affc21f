import { melFilters } from './mel-filters.ts';
import { fftSamples, melBands } from './shape.ts';
import { Spectrum } from './spectrum.ts';

/** The lowest bands see bin 1, where a window's mean shows; no higher one does. */
export const lowBands = 2;

/**
 * Mel frames before the window they belong to is known. Normalising a window to mean 0 and
 * variance 1 before the transform only divides every power by the variance, and takes the mean out
 * of the bins 0 and 1 (a Hann window's transform of a constant is 0 elsewhere, and no band sees
 * bin 0). So everything that costs time can be done once, when the audio comes.
 */
export interface MelFrames {
  /**
   * 80 numbers a frame: log10 of the band's power, but for the `lowBands` the power that bins from
   * 2 up give it.
   */
  readonly bands: Float32Array;
  /** Bin 1 of the transform, real and imaginary part, two numbers a frame. */
  readonly bin1: Float64Array;
}

export function melFrames(frames: number): MelFrames {
  return { bands: new Float32Array(frames * melBands), bin1: new Float64Array(frames * 2) };
}

/** Turns 400 samples into a mel frame. One instance serves all streams of a thread. */
export class MelAnalyser {
  /** Share of bin 1 in the power of each of the low bands. */
  readonly bin1Weights: readonly number[];
  readonly #spectrum = new Spectrum();
  readonly #filters = melFilters();
  /** Periodic, as torch makes it. */
  readonly #window = Float64Array.from(
    { length: fftSamples },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / fftSamples),
  );
  readonly #windowed = new Float64Array(fftSamples);
  readonly #power = new Float64Array(fftSamples / 2 + 1);

  constructor() {
    this.bin1Weights = this.#filters
      .slice(0, lowBands)
      .map(({ firstBin, weights }) => weights[1 - firstBin] ?? 0);
  }

  /**
   * @param samples 400 of them, only read
   * @param index which frame of `frames` is written
   */
  analyse(samples: Float64Array, frames: MelFrames, index: number): void {
    for (let i = 0; i < fftSamples; i += 1) this.#windowed[i] = samples[i]! * this.#window[i]!;
    this.#spectrum.transform(this.#windowed);
    const { re, im } = this.#spectrum;
    frames.bin1[2 * index] = re[1]!;
    frames.bin1[2 * index + 1] = im[1]!;
    const power = this.#power;
    for (let bin = 2; bin < power.length; bin += 1) power[bin] = re[bin]! ** 2 + im[bin]! ** 2;
    for (let band = 0; band < melBands; band += 1) {
      const { firstBin, weights } = this.#filters[band]!;
      let sum = 0;
      for (let i = 0; i < weights.length; i += 1) sum += weights[i]! * power[firstBin + i]!;
      frames.bands[index * melBands + band] = band < lowBands ? sum : Math.log10(sum);
    }
  }
}
