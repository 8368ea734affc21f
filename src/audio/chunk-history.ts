import type { Chunk } from './chunk.ts';
import { bytesPerSample, msToSamples, sameFormat, type AudioFormat } from './format.ts';

/** What the first chunks get room for, ms; doubled as needed up to the limit. */
const firstRoomMs = 500;

/**
 * The last stretch of a timeline's audio, in memory: its newest `limitMs`, less while the timeline
 * is younger. A ring of bytes that grows up to the limit and never past it, however the audio was
 * cut into chunks: bytes are copied in, so that neither a thousand tiny chunks nor a small one in
 * a large message hold more memory than their samples need.
 */
export class ChunkHistory {
  readonly format: AudioFormat;
  readonly limitMs: number;
  readonly #limitSamples: number;
  readonly #width: number;
  /** Sample `s` lies at `(s modulo #roomSamples)`, in samples. */
  #ring: Uint8Array;
  #roomSamples: number;
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
    const firstRoom = Math.max(1, msToSamples(firstRoomMs, format.rateHz));
    this.#roomSamples = Math.min(this.#limitSamples, firstRoom);
    this.#ring = new Uint8Array(this.#roomSamples * this.#width);
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
    // Below its limit the ring grows before anything in it is forgotten.
    this.#makeRoom(endSample - firstSample);
    this.#forgottenSamples += firstSample - this.#firstSample;
    this.#firstSample = firstSample;
    this.#endSample = endSample;
    const fromSample = Math.max(chunk.startSample, firstSample);
    this.#write(fromSample, chunk.bytes.subarray((fromSample - chunk.startSample) * this.#width));
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
    const start = this.#offsetOf(fromSample);
    const upToBorder = this.#ring.subarray(start, start + bytes.byteLength);
    bytes.set(upToBorder);
    bytes.set(this.#ring.subarray(0, bytes.byteLength - upToBorder.byteLength), upToBorder.length);
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

  #makeRoom(samples: number): void {
    if (samples <= this.#roomSamples) return;
    const kept = this.slice(this.#firstSample, this.#endSample);
    this.#roomSamples = Math.min(this.#limitSamples, Math.max(samples, this.#roomSamples * 2));
    this.#ring = new Uint8Array(this.#roomSamples * this.#width);
    if (kept !== null) this.#write(this.#firstSample, kept);
  }

  /** At most `#roomSamples` of them. */
  #write(fromSample: number, bytes: Uint8Array): void {
    const start = this.#offsetOf(fromSample);
    const upToBorder = bytes.subarray(0, this.#ring.byteLength - start);
    this.#ring.set(upToBorder, start);
    this.#ring.set(bytes.subarray(upToBorder.byteLength));
  }

  #offsetOf(sample: number): number {
    return (sample % this.#roomSamples) * this.#width;
  }
}
