/**
 * G.711 (ITU-T Recommendation G.711, 1988): 8-bit companded speech at 8,000 Hz, both laws. Decoding
 * is a table of 256 entries; encoding finds the segment of the 16-bit sample, as in the ITU-T G.191
 * software tools' description of the two laws.
 */

/** µ-law works on 14 bits and adds this bias, scaled to 16 bits. */
const muLawBias = 0x84;
const muLawClip = 32_635;

function decodeMuLawByte(byte: number): number {
  const inverted = ~byte & 0xff;
  const exponent = (inverted >> 4) & 0x07;
  const mantissa = inverted & 0x0f;
  const magnitude = (((mantissa << 3) + muLawBias) << exponent) - muLawBias;
  return (inverted & 0x80) === 0 ? magnitude : -magnitude;
}

function decodeALawByte(byte: number): number {
  const toggled = byte ^ 0x55;
  const exponent = (toggled >> 4) & 0x07;
  const mantissa = toggled & 0x0f;
  const magnitude =
    exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  // In A-law a set sign bit means positive.
  return (toggled & 0x80) === 0 ? -magnitude : magnitude;
}

function encodeMuLawSample(sample: number): number {
  const negative = sample < 0;
  const magnitude = Math.min(negative ? -sample : sample, muLawClip) + muLawBias;
  const exponent = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~((negative ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

function encodeALawSample(sample: number): number {
  const negative = sample < 0;
  // One's complement keeps the two halves symmetric: −1 lies in the first negative step.
  const magnitude = negative ? ~sample : sample;
  const exponent = magnitude < 256 ? 0 : 24 - Math.clz32(magnitude);
  const mantissa = exponent === 0 ? magnitude >> 4 : (magnitude >> (exponent + 3)) & 0x0f;
  return ((negative ? 0 : 0x80) | (exponent << 4) | mantissa) ^ 0x55;
}

const byteValues = Array.from({ length: 256 }, (_value, byte) => byte);
const muLawSamples = Int16Array.from(byteValues, decodeMuLawByte);
const aLawSamples = Int16Array.from(byteValues, decodeALawByte);

export type G711Codec = 'pcmu' | 'pcma';

/** One 16-bit sample for each byte. The result is new memory. */
export function decodeG711(bytes: Uint8Array, codec: G711Codec): Int16Array {
  const table = codec === 'pcmu' ? muLawSamples : aLawSamples;
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) samples[i] = table[bytes[i]!]!;
  return samples;
}

/** One byte for each 16-bit sample; µ-law clips above 32,635. The result is new memory. */
export function encodeG711(samples: Int16Array, codec: G711Codec): Uint8Array<ArrayBuffer> {
  const encode = codec === 'pcmu' ? encodeMuLawSample : encodeALawSample;
  const bytes = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) bytes[i] = encode(samples[i]!);
  return bytes;
}
