/** RFC 6455 §5.2: FIN and the opcode of text. */
const finalText = 0x81;
/** Longest payload whose length stands in the second byte, and in the two bytes behind it. */
const shortBytes = 125;
const mediumBytes = 65_535;

/**
 * One text message as a whole, unmasked WebSocket frame, as a server sends it (RFC 6455 §5.2): one
 * piece of memory for one write.
 *
 * @returns memory of its own, the caller's
 */
export function textFrame(text: string): Buffer {
  const lengthBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerBytes(lengthBytes) + lengthBytes);
  frame.write(text, writeHeader(frame, lengthBytes));
  return frame;
}

/**
 * The same for a message in parts of ASCII characters alone, which need not be put together before
 * and are copied as they are (bench/frame-path.ts).
 */
export function asciiFrame(parts: readonly string[]): Buffer {
  let lengthBytes = 0;
  for (const part of parts) lengthBytes += part.length;
  const frame = Buffer.allocUnsafe(headerBytes(lengthBytes) + lengthBytes);
  let at = writeHeader(frame, lengthBytes);
  for (const part of parts) at += frame.write(part, at, 'latin1');
  return frame;
}

function headerBytes(lengthBytes: number): number {
  return lengthBytes <= shortBytes ? 2 : lengthBytes <= mediumBytes ? 4 : 10;
}

/** @returns where the payload begins */
function writeHeader(frame: Buffer, lengthBytes: number): number {
  frame[0] = finalText;
  if (lengthBytes <= shortBytes) {
    frame[1] = lengthBytes;
    return 2;
  }
  if (lengthBytes <= mediumBytes) {
    frame[1] = 126;
    frame[2] = lengthBytes >>> 8;
    frame[3] = lengthBytes & 0xff;
    return 4;
  }
  frame[1] = 127;
  frame.writeBigUInt64BE(BigInt(lengthBytes), 2);
  return 10;
}
