/** G.711 (ITU-T), for a server that is to be independent of what it tests. */

const mulawBias = 132;
const mulawClip = 32_635;

/** One 16-bit sample as μ-law. */
export function encodeMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), mulawClip) + mulawBias;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

/** One μ-law byte as a 16-bit sample. */
export function decodeMulaw(byte: number): number {
  const bits = ~byte & 0xff;
  const magnitude = (((bits & 0x0f) << 3) + mulawBias) << ((bits >> 4) & 7);
  return bits & 0x80 ? mulawBias - magnitude : magnitude - mulawBias;
}

/** One 16-bit sample as A-law. */
export function encodeAlaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(sample < 0 ? -sample - 1 : sample, 32_767) >> 4;
  const exponent = magnitude < 16 ? 0 : 31 - Math.clz32(magnitude) - 3;
  const mantissa = (exponent === 0 ? magnitude : magnitude >> (exponent - 1)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

/** One A-law byte as a 16-bit sample. */
export function decodeAlaw(byte: number): number {
  const bits = byte ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = (bits & 0x0f) * 16 + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}
