/** Bytes of one block: two thirds of a second of PCM16 at 24 kHz. */
const blockBytes = 32 * 1024;

/**
 * Keeps the first `limitBytes` of what is appended, copied into blocks of 32 KiB. Keeping the
 * pieces themselves would keep alive the slabs they were cut from, and an object for each: with
 * 100 calls these were most of what the garbage collector had to copy.
 */
export class ByteStore {
  readonly limitBytes: number;
  #blocks: Uint8Array[] = [];
  #lengthBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /** Copies as much as the limit leaves room for; what is kept has no holes. */
  append(bytes: Uint8Array): void {
    const taken = Math.min(bytes.byteLength, this.limitBytes - this.#lengthBytes);
    let done = 0;
    while (done < taken) {
      const inBlock = this.#lengthBytes % blockBytes;
      if (inBlock === 0) this.#blocks.push(new Uint8Array(blockBytes));
      const length = Math.min(taken - done, blockBytes - inBlock);
      // Most pieces fit as a whole; no view is made of them then.
      const isWhole = length === bytes.byteLength;
      const piece = isWhole ? bytes : bytes.subarray(done, done + length);
      this.#blocks.at(-1)!.set(piece, inBlock);
      this.#lengthBytes += length;
      done += length;
    }
  }

  /** The first `lengthBytes` of it in new memory; all of it unless told. */
  bytes(lengthBytes = this.#lengthBytes): Uint8Array {
    return Buffer.concat(this.#blocks, Math.min(lengthBytes, this.#lengthBytes));
  }

  clear(): void {
    this.#blocks = [];
    this.#lengthBytes = 0;
  }
}
