import { decodeG711, encodeG711 } from '../../../src/audio/g711.ts';
import { soundRateHz, type Sound } from './fragment.ts';

const lowestHz = 300;
const highestHz = 3_400;
/** Quality factors of a Butterworth filter of eighth order. */
const eighthOrder = [0.509_796, 0.601_345, 0.899_976, 2.562_915] as const;

/**
 * A telephone line in the way: 300–3,400 Hz, 8 kHz, µ-law and back, at the rate of all sound here.
 * Keeps its state, so it does not matter how the sound is cut (into even lengths). Delays by less
 * than 1 ms.
 */
export class TelephoneLine {
  readonly #before = [
    highPass(lowestHz, Math.SQRT1_2),
    ...eighthOrder.map((q) => lowPass(highestHz, q)),
  ];
  readonly #after = eighthOrder.map((q) => lowPass(highestHz, q));

  /** @returns the sound as it arrives, new memory. @throws RangeError for an odd length */
  through(sound: Sound): Sound {
    if (sound.length % 2 !== 0) throw new RangeError('a telephone line takes pairs of samples');
    const slow = new Int16Array(sound.length / 2);
    for (let i = 0; i < sound.length; i += 1) {
      const value = this.#before.reduce((passed, filter) => filter.next(passed), sound[i]!);
      if (i % 2 === 0) slow[i / 2] = Math.round(Math.max(-1, Math.min(1, value)) * 32_767);
    }
    const heard = decodeG711(encodeG711(slow, 'pcmu'), 'pcmu');
    return Float32Array.from(sound, (_, i) => {
      const value = i % 2 === 0 ? (heard[i / 2]! / 32_768) * 2 : 0;
      return this.#after.reduce((passed, filter) => filter.next(passed), value);
    });
  }
}

interface Weights {
  readonly b: readonly [number, number, number];
  readonly a: readonly [number, number];
}

/** Second-order section (R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filters"). */
class Biquad {
  readonly #weights: Weights;
  #x1 = 0;
  #x2 = 0;
  #y1 = 0;
  #y2 = 0;

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  next(x: number): number {
    const { b, a } = this.#weights;
    const y = b[0] * x + b[1] * this.#x1 + b[2] * this.#x2 - a[0] * this.#y1 - a[1] * this.#y2;
    this.#x2 = this.#x1;
    this.#x1 = x;
    this.#y2 = this.#y1;
    this.#y1 = y;
    return y;
  }
}

function highPass(cornerHz: number, q: number): Biquad {
  const { cosine, alpha } = corner(cornerHz, q);
  const side = (1 + cosine) / 2;
  return section([side, -2 * side, side], { cosine, alpha });
}

function lowPass(cornerHz: number, q: number): Biquad {
  const { cosine, alpha } = corner(cornerHz, q);
  const side = (1 - cosine) / 2;
  return section([side, 2 * side, side], { cosine, alpha });
}

interface Corner {
  readonly cosine: number;
  readonly alpha: number;
}

function corner(cornerHz: number, q: number): Corner {
  const angle = (2 * Math.PI * cornerHz) / soundRateHz;
  return { cosine: Math.cos(angle), alpha: Math.sin(angle) / (2 * q) };
}

function section(b: readonly [number, number, number], { cosine, alpha }: Corner): Biquad {
  const a0 = 1 + alpha;
  return new Biquad({
    b: [b[0] / a0, b[1] / a0, b[2] / a0],
    a: [(-2 * cosine) / a0, (1 - alpha) / a0],
  });
}
