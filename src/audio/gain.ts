import { decodeG711, encodeG711 } from './g711.ts';
import { viewInt16 } from './pcm16.ts';
import type { Codec } from './format.ts';

/** Factor of a gain, dB: 1 for 0 dB, 0 for −∞. @throws RangeError above 0 dB, where it could clip */
export function gainOfDb(gainDb: number): number {
  if (!(gainDb <= 0)) throw new RangeError(`gainDb must be at most 0, got ${gainDb}`);
  return 10 ** (gainDb / 20);
}

/**
 * A gain in 0–1 that changes without a click: in a raised cosine from what it is to what is wanted.
 * Counts samples, so that any split of the audio gives the same result.
 */
export class GainRamp {
  #from = 1;
  #to = 1;
  /** Samples until the change begins. */
  #waitSamples = 0;
  #rampSamples = 0;
  #doneSamples = 0;

  /** Whether every sample from here on is left as it is. */
  get transparent(): boolean {
    return this.#to === 1 && this.#waitSamples === 0 && this.#doneSamples >= this.#rampSamples;
  }

  /** What is, or will be, in force once the change is through. */
  get target(): number {
    return this.#to;
  }

  /**
   * @param gain in 0–1
   * @param overSamples length of the change; 0 = at once
   * @param afterSamples samples that still get what is in force now
   */
  turnTo(gain: number, overSamples: number, afterSamples = 0): void {
    this.#from = this.#now();
    this.#to = gain;
    this.#waitSamples = afterSamples;
    this.#rampSamples = overSamples;
    this.#doneSamples = 0;
  }

  /** Gain of the next sample. */
  next(): number {
    const gain = this.#now();
    if (this.#waitSamples > 0) this.#waitSamples -= 1;
    else if (this.#doneSamples < this.#rampSamples) this.#doneSamples += 1;
    return gain;
  }

  #now(): number {
    if (this.#waitSamples > 0) return this.#from;
    if (this.#doneSamples >= this.#rampSamples) return this.#to;
    // The first sample of a change already has a part of it: a ramp of n samples ends on its last.
    const part = (this.#doneSamples + 1) / this.#rampSamples;
    const share = (1 - Math.cos(Math.PI * part)) / 2;
    return this.#from + (this.#to - this.#from) * share;
  }
}

/**
 * The same samples under all of these gains. A sample whose gain is 1 keeps its very bytes.
 *
 * @param bytes whole samples; not written to
 * @returns `bytes` itself where every gain is transparent, else new memory
 * @throws RangeError when `bytes` is not a whole number of samples
 */
export function applyGain(bytes: Uint8Array, codec: Codec, ramps: readonly GainRamp[]): Uint8Array {
  if (ramps.every(({ transparent }) => transparent)) return bytes;
  const samples = codec === 'pcm16' ? viewInt16(bytes).slice() : decodeG711(bytes, codec);
  const unchanged = codec === 'pcm16' ? null : new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index += 1) {
    let gain = 1;
    for (const ramp of ramps) gain *= ramp.next();
    if (gain === 1) {
      if (unchanged !== null) unchanged[index] = 1;
    } else samples[index] = Math.round(samples[index]! * gain);
  }
  if (codec === 'pcm16') return new Uint8Array(samples.buffer);
  const scaled = encodeG711(samples, codec);
  // G.711 has two zeros: taking a sample apart and putting it together again may not give it back.
  for (let index = 0; index < scaled.length; index += 1) {
    if (unchanged?.[index] === 1) scaled[index] = bytes[index]!;
  }
  return scaled;
}
