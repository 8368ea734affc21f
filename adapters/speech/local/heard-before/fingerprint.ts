import { BandAnalyser, bandCount, hopSamples, windowSamples } from './spectrum.ts';

/** Bits of one frame. */
const frameBits = bandCount - 1;
/** Frames between which energies are compared: 40 ms. */
const lagFrames = 4;

/** What one frame of sound is known by. */
export interface SoundFrame {
  /**
   * 16 bits: whether the difference between neighbouring bands has grown since 40 ms ago. Gain and
   * the line's colour cancel out (J. Haitsma, T. Kalker, "A Highly Robust Audio Fingerprinting
   * System", ISMIR 2002).
   */
  readonly bits: number;
  /** Energy in the band, dB; only differences mean something. */
  readonly levelDb: number;
}

/** Cuts one stream of 8 kHz audio into frames. */
export class Fingerprinter {
  readonly #analyser = new BandAnalyser();
  #pending = new Float32Array(0);
  readonly #bands = new Float64Array(bandCount);
  /** Differences of neighbouring bands of the last frames. */
  readonly #past: Float64Array[] = [];

  /** Frames that `samples` complete, in order. */
  push(samples: Float32Array): SoundFrame[] {
    const all = new Float32Array(this.#pending.length + samples.length);
    all.set(this.#pending);
    all.set(samples, this.#pending.length);
    const frames: SoundFrame[] = [];
    let from = 0;
    for (; from + windowSamples <= all.length; from += hopSamples) {
      frames.push(this.#frame(all, from));
    }
    this.#pending = all.slice(from);
    return frames;
  }

  #frame(samples: Float32Array, from: number): SoundFrame {
    this.#analyser.analyse(samples, from, this.#bands);
    const slopes = new Float64Array(frameBits);
    let power = 0;
    for (let band = 0; band < bandCount; band += 1) power += this.#bands[band]!;
    for (let band = 0; band < frameBits; band += 1) {
      slopes[band] = this.#bands[band]! - this.#bands[band + 1]!;
    }
    this.#past.push(slopes);
    const before = this.#past.length > lagFrames ? this.#past.shift()! : null;
    let bits = 0;
    for (let band = 0; band < frameBits; band += 1) {
      if (slopes[band]! > (before?.[band] ?? 0)) bits |= 1 << band;
    }
    return { bits, levelDb: 10 * Math.log10(power + 1e-12) };
  }
}

/** How well two frames agree, by the bits in which they differ: 1 in all, −1 in none, 0 is chance. */
const agreements = Float32Array.from({ length: 2 ** frameBits }, (_, differing) => {
  let count = 0;
  for (let rest = differing; rest !== 0; rest &= rest - 1) count += 1;
  return 1 - (2 * count) / frameBits;
});

export function agreement(a: number, b: number): number {
  return agreements[a ^ b]!;
}
