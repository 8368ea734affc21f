import { seededRandom } from '../../../test/ear/seeded-random.ts';
import { Draws } from '../dialogues/draws.ts';
import { soundRateHz, type Sound } from './fragment.ts';

// Paul Kellet's economy filter: three poles whose sum falls by about 3 dB an octave.
const keeps = [0.997_65, 0.963, 0.57] as const;
const takes = [0.099_046, 0.296_516_4, 1.052_691_3] as const;
const direct = 0.1848;

/** Pink-ish noise of a stated level, as long as it is asked for. */
export class PinkNoise {
  readonly #random: () => number;
  readonly #gain: number;
  #slow = 0;
  #middle = 0;
  #quick = 0;

  constructor(seed: number, rms: number) {
    this.#random = seededRandom(seed);
    // An even draw from a range of 1 has an RMS of 1/√12.
    this.#gain = (rms * Math.sqrt(12)) / filterRms;
  }

  /** Adds the next samples of the noise to `sound`. */
  addTo(sound: Sound): void {
    for (let i = 0; i < sound.length; i += 1) {
      const white = (this.#random() - 0.5) * this.#gain;
      this.#slow = this.#slow * keeps[0] + white * takes[0];
      this.#middle = this.#middle * keeps[1] + white * takes[1];
      this.#quick = this.#quick * keeps[2] + white * takes[2];
      sound[i]! += this.#slow + this.#middle + this.#quick + white * direct;
    }
  }
}

/** What the filter makes of white noise with an RMS of 1: the root of its response's energy. */
const filterRms = Math.sqrt(
  Array.from({ length: 8_192 }, (_, n) =>
    takes.reduce((sum, taken, pole) => sum + taken * keeps[pole]! ** n, n === 0 ? direct : 0),
  ).reduce((energy, value) => energy + value * value, 0),
);

/** Bursts of white noise under a Hann window, with silence between them. */
export function cough(
  seed: number,
  bursts: number,
  shape: { readonly burstMs: number; readonly betweenMs: number; readonly peak: number },
): Sound {
  const draws = new Draws(seed);
  const burst = Math.round((shape.burstMs * soundRateHz) / 1000);
  const between = Math.round((shape.betweenMs * soundRateHz) / 1000);
  const sound = new Float32Array(bursts * burst + (bursts - 1) * between);
  for (let number = 0; number < bursts; number += 1) {
    const start = number * (burst + between);
    for (let i = 0; i < burst; i += 1) {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / burst);
      sound[start + i] = (2 * draws.unit() - 1) * window * shape.peak;
    }
  }
  return sound;
}
