import type { Chunk } from './chunk.ts';
import { bytesPerSample, msToSamples, sameFormat, type AudioFormat } from './format.ts';

/** Audio of one block, ms. */
const blockMs = 500;

/**
 * The last stretch of a timeline's audio, in memory: its newest `limitMs`, less while the timeline
 * is younger. A ring of blocks that are made when they are first needed and written over when they
 * have become too old; one more than the limit fills. Bytes are copied in, so that neither a
 * thousand tiny chunks nor a small one in a large message hold more memory than their samples need.
 */
export class ChunkHistory {
  readonly format: AudioFormat;
  readonly limitMs: number;
  readonly #limitSamples: number;
  readonly #width: number;
  readonly #blockSamples: number;
  /** Sample `s` lies in block `⌊s / #blockSamples⌋ modulo #blocks.length`. */
  readonly #blocks: (Uint8Array | null)[];
  #begun = false;
  #firstSample = 0;
  #endSample = 0;
  #forgottenSamples = 0;

  /** @throws RangeError when `limitMs` is not positive */
  constructor(format: AudioFormat, limitMs: number) {
    if (!(limitMs > 0) || !Number.isFinite(limitMs)) {
      throw new RangeError(`limitMs must be a positive number of milliseconds, got ${limitMs}`);
    }
    this.format = format;
    this.limitMs = limitMs;
    this.#width = bytesPerSample(format.codec);
    this.#limitSamples = Math.max(1, msToSamples(limitMs, format.rateHz));
    this.#blockSamples = Math.max(1, msToSamples(blockMs, format.rateHz));
    const blocks = Math.ceil(this.#limitSamples / this.#blockSamples) + 1;
    this.#blocks = new Array<Uint8Array | null>(blocks).fill(null);
  }

  /** Oldest sample that can be had; equal to `endSample` while nothing is kept. */
  get firstSample(): number {
    return this.#firstSample;
  }

  /** One past the newest sample; 0 before the first chunk. */
  get endSample(): number {
    return this.#endSample;
  }

  /** Bytes that can be had now; never over `limitMs` of audio. */
  get lengthBytes(): number {
    return (this.#endSample - this.#firstSample) * this.#width;
  }

  /** Samples that the limit pushed out since construction. */
  get forgottenSamples(): number {
    return this.#forgottenSamples;
  }

  /**
   * Copies the chunk's bytes and forgets what has become too old. The cost goes with the chunk's
   * length, not with what is kept.
   *
   * @throws RangeError when the chunk has another format or does not begin at `endSample` (the
   * first chunk may begin anywhere)
   */
  append(chunk: Chunk): void {
    this.#check(chunk);
    if (!this.#begun) {
      this.#begun = true;
      this.#firstSample = chunk.startSample;
      this.#endSample = chunk.startSample;
    }
    const endSample = chunk.startSample + chunk.samples;
    const firstSample = Math.max(this.#firstSample, endSample - this.#limitSamples);
    this.#forgottenSamples += firstSample - this.#firstSample;
    this.#firstSample = firstSample;
    this.#endSample = endSample;
    const fromSample = Math.max(chunk.startSample, firstSample);
    this.#write(fromSample, chunk.bytes, (fromSample - chunk.startSample) * this.#width);
  }

  /**
   * The bytes of samples [`fromSample`, `toSample`), as new memory; `null` where any of it is no
   * longer, or not yet, kept. An empty stretch within the kept one gives no bytes.
   *
   * @throws RangeError when the positions are not integers in order
   */
  slice(fromSample: number, toSample: number): Uint8Array<ArrayBuffer> | null {
    if (!Number.isInteger(fromSample) || !Number.isInteger(toSample) || toSample < fromSample) {
      throw new RangeError(`no stretch of samples from ${fromSample} to ${toSample}`);
    }
    if (fromSample < this.#firstSample || toSample > this.#endSample) return null;
    const bytes = new Uint8Array((toSample - fromSample) * this.#width);
    let sample = fromSample;
    while (sample < toSample) {
      const inBlock = sample % this.#blockSamples;
      const samples = Math.min(toSample - sample, this.#blockSamples - inBlock);
      const at = inBlock * this.#width;
      const piece = this.#block(sample).subarray(at, at + samples * this.#width);
      bytes.set(piece, (sample - fromSample) * this.#width);
      sample += samples;
    }
    return bytes;
  }

  #check(chunk: Chunk): void {
    if (!sameFormat(chunk, this.format)) {
      const { codec, rateHz } = this.format;
      throw new RangeError(
        `a history of ${codec} at ${rateHz} Hz cannot take ${chunk.codec} at ${chunk.rateHz} Hz`,
      );
    }
    if (this.#begun && chunk.startSample !== this.#endSample) {
      throw new RangeError(
        `chunk begins at sample ${chunk.startSample}, expected ${this.#endSample}`,
      );
    }
  }

  /** Copies what begins at byte `from`. */
  #write(fromSample: number, bytes: Uint8Array, from: number): void {
    let sample = fromSample;
    let taken = from;
    while (taken < bytes.byteLength) {
      const at = (sample % this.#blockSamples) * this.#width;
      const block = this.#block(sample);
      const length = Math.min(bytes.byteLength - taken, block.byteLength - at);
      // Nearly every chunk fits as a whole; no view is made of it then.
      const isWhole = taken === 0 && length === bytes.byteLength;
      block.set(isWhole ? bytes : bytes.subarray(taken, taken + length), at);
      taken += length;
      sample += length / this.#width;
    }
  }

  #block(sample: number): Uint8Array {
    const place = Math.floor(sample / this.#blockSamples) % this.#blocks.length;
    const known = this.#blocks[place] ?? null;
    if (known !== null) return known;
    const block = new Uint8Array(this.#blockSamples * this.#width);
    this.#blocks[place] = block;
    return block;
  }
}
