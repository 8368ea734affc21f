import type { VoiceCounters } from './counters.ts';

/** Bytes of PCM16 as they come, cut anywhere, made into whole samples. */
export class WholeSamples {
  readonly #counters: VoiceCounters;
  /** First half of a sample whose second half has not come. */
  #half: number | null = null;

  constructor(counters: VoiceCounters) {
    this.#counters = counters;
  }

  /** What is whole by now: the same bytes where nothing is left over. */
  take(bytes: Uint8Array): Uint8Array {
    if (this.#half === null && bytes.byteLength % 2 === 0) return bytes;
    const before = this.#half === null ? 0 : 1;
    const lengthBytes = bytes.byteLength + before;
    const joined = new Uint8Array(lengthBytes);
    if (this.#half !== null) joined[0] = this.#half;
    joined.set(bytes, before);
    const isOdd = lengthBytes % 2 === 1;
    this.#half = isOdd ? joined[lengthBytes - 1]! : null;
    return isOdd ? joined.subarray(0, lengthBytes - 1) : joined;
  }

  /** Nothing more comes: half a sample is none. */
  end(): void {
    if (this.#half !== null) this.#counters.bytesDropped += 1;
    this.#half = null;
  }
}
