/** WebSocket operation codes (RFC 6455 §5.2). */
export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** One frame as it arrived. */
export interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  /** A view into received memory, still masked where `mask` is not `null`. */
  readonly payload: Buffer;
  readonly mask: Buffer | null;
}

/** Longest frame a reader takes, bytes. */
export const frameLimitBytes = 4 * 1024 * 1024;

/**
 * A frame ready to be written, for the ends of a benchmark, which must cost less than what stands
 * between them: it can be copied and stamped instead of made anew.
 *
 * @param mask four bytes a client masks with, `null` for a server
 * @returns new memory, and where its payload begins
 */
export function writeFrame(
  payload: Uint8Array,
  { opcode, mask }: { readonly opcode: number; readonly mask: Uint8Array | null },
): { readonly bytes: Buffer; readonly payloadStart: number } {
  const length = payload.byteLength;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const payloadStart = 2 + lengthBytes + (mask === null ? 0 : 4);
  const bytes = Buffer.alloc(payloadStart + length);
  bytes[0] = 0x80 | opcode;
  const maskBit = mask === null ? 0 : 0x80;
  if (lengthBytes === 0) bytes[1] = maskBit | length;
  else if (lengthBytes === 2) {
    bytes[1] = maskBit | 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = maskBit | 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  bytes.set(payload, payloadStart);
  if (mask !== null) {
    bytes.set(mask, payloadStart - 4);
    for (let index = 0; index < length; index += 1) {
      bytes[payloadStart + index]! ^= mask[index & 3]!;
    }
  }
  return { bytes, payloadStart };
}

/** Takes the mask off the first `lengthBytes` of a payload, in place. Once per byte. */
export function unmask({ payload, mask }: Frame, fromByte = 0, toByte = payload.byteLength): void {
  if (mask === null) return;
  const end = Math.min(toByte, payload.byteLength);
  for (let index = fromByte; index < end; index += 1) payload[index]! ^= mask[index & 3]!;
}

/** Cuts a byte stream into frames; keeps only what is left of an incomplete one. */
export class FrameReader {
  #rest: Buffer | null = null;

  /** @throws RangeError for a frame over the limit; the stream cannot be read on */
  push(data: Buffer, onFrame: (frame: Frame) => void): void {
    const bytes = this.#rest === null ? data : Buffer.concat([this.#rest, data]);
    this.#rest = null;
    let at = 0;
    for (;;) {
      const next = readFrame(bytes, at);
      if (next === null) break;
      at = next.end;
      onFrame(next.frame);
    }
    if (at < bytes.byteLength) this.#rest = at === 0 ? bytes : Buffer.from(bytes.subarray(at));
  }
}

function readFrame(bytes: Buffer, at: number): { frame: Frame; end: number } | null {
  if (bytes.byteLength < at + 2) return null;
  const masked = (bytes[at + 1]! & 0x80) !== 0;
  let length = bytes[at + 1]! & 0x7f;
  let start = at + 2;
  if (length === 126) {
    if (bytes.byteLength < at + 4) return null;
    length = bytes.readUInt16BE(at + 2);
    start = at + 4;
  } else if (length === 127) {
    if (bytes.byteLength < at + 10) return null;
    length = Number(bytes.readBigUInt64BE(at + 2));
    start = at + 10;
  }
  if (length > frameLimitBytes) throw new RangeError(`a frame of ${length} bytes`);
  const payloadStart = start + (masked ? 4 : 0);
  const end = payloadStart + length;
  if (bytes.byteLength < end) return null;
  return {
    end,
    frame: {
      opcode: bytes[at]! & 0xf,
      final: (bytes[at]! & 0x80) !== 0,
      payload: bytes.subarray(payloadStart, end),
      mask: masked ? bytes.subarray(start, payloadStart) : null,
    },
  };
}
