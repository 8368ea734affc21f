/** Sample rate the detector listens at, Hz. */
export const rateHz = 16_000;
/** Samples a score covers: 32 ms, as the other detectors' frames. */
export const frameSamples = 512;

/** Samples at 4 kHz in a frame, and those kept from before it for the longest pitch period. */
const thinning = 4;
const thinSamples = frameSamples / thinning;
/** Pitch periods that count as a voice, in samples at 4 kHz: 400 Hz to 73 Hz. */
const shortestLag = 10;
const longestLag = 55;
/** What lies below this is hum and handling, not speech, Hz. */
const highPassHz = 120;
const highPass = Math.exp((-2 * Math.PI * highPassHz) / rateHz);

/** What one frame of 32 ms sounds like. */
export interface FrameFeatures {
  /** Level above 120 Hz, dBFS. */
  levelDbfs: number;
  /** How periodic it is, 0–1: the best normalised autocorrelation at a pitch's lags. */
  voicing: number;
  /** Share of high frequencies: energy of the first difference against energy, dB (−∞…6). */
  tiltDb: number;
}

/** Measures frames of one stream. Keeps what a frame needs of the one before it. */
export class FrameMeter {
  readonly #features: FrameFeatures = { levelDbfs: -Infinity, voicing: 0, tiltDb: 0 };
  readonly #thin = new Float64Array(longestLag + thinSamples);
  #input = 0;
  #output = 0;

  /** @returns the same object each time */
  measure(frame: Float32Array): Readonly<FrameFeatures> {
    this.#thin.copyWithin(0, thinSamples);
    let energy = 0;
    let differences = 0;
    let sum = 0;
    for (let i = 0; i < frame.length; i += 1) {
      const input = frame[i]!;
      const before = this.#output;
      const output = highPass * (before + input - this.#input);
      this.#input = input;
      this.#output = output;
      energy += output * output;
      differences += (output - before) ** 2;
      sum += output;
      if (i % thinning !== thinning - 1) continue;
      this.#thin[longestLag + (i - thinning + 1) / thinning] = sum / thinning;
      sum = 0;
    }
    this.#features.levelDbfs = 10 * Math.log10(energy / frame.length);
    this.#features.tiltDb = energy > 0 ? 10 * Math.log10(differences / energy) : 0;
    this.#features.voicing = this.#voicing();
    return this.#features;
  }

  restart(): void {
    this.#thin.fill(0);
    this.#input = 0;
    this.#output = 0;
  }

  #voicing(): number {
    const thin = this.#thin;
    let energy = 0;
    for (let i = longestLag; i < thin.length; i += 1) energy += thin[i]! ** 2;
    if (energy < 1e-9) return 0;
    let best = 0;
    let delayed = energy;
    for (let lag = 1; lag <= longestLag; lag += 1) {
      delayed += thin[longestLag - lag]! ** 2 - thin[thin.length - lag]! ** 2;
      if (lag < shortestLag) continue;
      let product = 0;
      for (let i = longestLag; i < thin.length; i += 1) product += thin[i]! * thin[i - lag]!;
      const fit = product / Math.sqrt(energy * Math.max(delayed, 0.05 * energy));
      if (fit > best) best = fit;
    }
    return Math.min(1, best);
  }
}
