import { bytesPerSample, samplesToMs, type AudioFormat } from './format.ts';

/**
 * Audio as it came, of any length. PCM frames are made from chunks only where something needs
 * them. The bytes are never written to after the chunk was made; who keeps them longer than a
 * call copies nothing.
 */
export interface Chunk extends AudioFormat {
  /** Position of the first sample on its timeline, counted in samples at `rateHz`. */
  readonly startSample: number;
  /** Length in samples. */
  readonly samples: number;
  readonly bytes: Uint8Array;
  /** Call time of the first sample: `max(end of the one before, arrival − duration)`. */
  readonly atMs: number;
}

export function chunkDurationMs(chunk: Chunk): number {
  return samplesToMs(chunk.samples, chunk.rateHz);
}

/**
 * Appends to a timeline: gives each arriving run of bytes its sample position and call time.
 * Positions count every sample ever written; times keep to the call's clock, so a gap stays
 * visible as a jump of `atMs` (over 60 ms it is silence).
 */
export class ChunkTimeline {
  readonly format: AudioFormat;
  #endSample = 0;
  #endMs = 0;

  constructor(format: AudioFormat, startSample = 0) {
    this.format = format;
    this.#endSample = startSample;
  }

  /** Samples written so far. */
  get endSample(): number {
    return this.#endSample;
  }

  /** Call time at which the last chunk ends; 0 before the first. */
  get endMs(): number {
    return this.#endMs;
  }

  /**
   * @param bytes whole samples; the chunk keeps the array, the caller must not write to it again
   * @param arrivalMs call time of the arrival
   * @throws RangeError when `bytes` is not a whole number of samples
   */
  append(bytes: Uint8Array, arrivalMs: number): Chunk {
    const width = bytesPerSample(this.format.codec);
    if (bytes.byteLength % width !== 0) {
      throw new RangeError(`${bytes.byteLength} bytes are not whole ${this.format.codec} samples`);
    }
    const samples = bytes.byteLength / width;
    const durationMs = samplesToMs(samples, this.format.rateHz);
    const chunk: Chunk = {
      ...this.format,
      startSample: this.#endSample,
      samples,
      bytes,
      atMs: Math.max(this.#endMs, arrivalMs - durationMs),
    };
    this.#endSample += samples;
    this.#endMs = chunk.atMs + durationMs;
    return chunk;
  }
}
