/** Memory that pieces are cut from, bytes: one piece of its own for each would keep V8 counting. */
const slabBytes = 64 * 1024;

let slab = Buffer.allocUnsafeSlow(slabBytes);
let usedBytes = 0;

/**
 * Audio that came as base64 text, and remembers it: who passes it on to a wire that speaks base64 as
 * well need not encode it again. What is cut from it or made of it are plain bytes.
 */
export class Base64Bytes extends Uint8Array {
  /** The text of exactly these bytes: nobody writes to audio once it is made. */
  readonly #base64: string;

  private constructor(
    memory: Buffer<ArrayBuffer>,
    offsetBytes: number,
    lengthBytes: number,
    base64: string,
  ) {
    super(memory.buffer, memory.byteOffset + offsetBytes, lengthBytes);
    this.#base64 = base64;
  }

  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /** Base64 of bytes: as they came, where they came so. The bytes are only read. */
  static encode(bytes: Uint8Array): string {
    if (#base64 in bytes) return bytes.#base64;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }

  /**
   * @returns `null` where the text is no proper base64: Node's own decoder passes over characters
   *   that do not belong there, so the length is checked against what a proper text would hold
   */
  static decode(base64: string): Base64Bytes | null {
    if (base64.length % 4 !== 0) return null;
    const lengthBytes = decodedLengthBytes(base64);
    // The other alphabet, which the decoder takes as well.
    if (base64.includes('-') || base64.includes('_')) return null;
    const isLarge = lengthBytes > slabBytes / 8;
    if (!isLarge && usedBytes + lengthBytes > slabBytes) {
      slab = Buffer.allocUnsafeSlow(slabBytes);
      usedBytes = 0;
    }
    const memory = isLarge ? Buffer.allocUnsafeSlow(lengthBytes) : slab;
    const offsetBytes = isLarge ? 0 : usedBytes;
    if (memory.write(base64, offsetBytes, lengthBytes, 'base64') !== lengthBytes) return null;
    // Samples of 16 bits lie on even addresses.
    if (!isLarge) usedBytes += lengthBytes + (lengthBytes % 2);
    return new Base64Bytes(memory, offsetBytes, lengthBytes, base64);
  }
}

/** What base64 of a whole number of quartets holds, bytes. */
export function decodedLengthBytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
