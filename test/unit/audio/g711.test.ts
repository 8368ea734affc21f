import { describe, expect, it } from 'vitest';
import { decodeG711, encodeG711, type G711Codec } from '../../../src/audio/g711.ts';

const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
/** Every 16-bit sample, from the lowest to the highest. */
const allSamples = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);

function decoded(byte: number, codec: G711Codec): number {
  return decodeG711(Uint8Array.of(byte), codec)[0]!;
}

function encoded(sample: number, codec: G711Codec): number {
  return encodeG711(Int16Array.of(sample), codec)[0]!;
}

describe('µ-law', () => {
  it.each([
    [0xff, 0],
    [0x7f, 0],
    [0xfe, 8],
    [0x7e, -8],
    [0xf0, 120],
    [0xef, 132],
    [0x8f, 16_764],
    [0x80, 32_124],
    [0x00, -32_124],
  ])('byte 0x%s is the sample of the standard: %i', (byte, sample) => {
    expect(decoded(byte, 'pcmu')).toBe(sample);
  });

  it.each([
    [0, 0xff],
    [3, 0xff],
    [4, 0xfe],
    [-4, 0x7e],
    [1000, 0xce],
    [-1000, 0x4e],
    [32_635, 0x80],
    [32_767, 0x80],
    [-32_768, 0x00],
  ])('sample %i has the byte of the standard', (sample, byte) => {
    expect(encoded(sample, 'pcmu')).toBe(byte);
  });

  it('gives every byte back, negative zero as zero', () => {
    const again = encodeG711(decodeG711(allBytes, 'pcmu'), 'pcmu');
    expect([...again]).toEqual([...allBytes].map((byte) => (byte === 0x7f ? 0xff : byte)));
  });
});

describe('A-law', () => {
  it.each([
    [0xd5, 8],
    [0x55, -8],
    [0xd4, 24],
    [0xc5, 264],
    [0x85, 4_224],
    [0xaa, 32_256],
    [0x2a, -32_256],
  ])('byte %i is the sample of the standard: %i', (byte, sample) => {
    expect(decoded(byte, 'pcma')).toBe(sample);
  });

  it.each([
    [0, 0xd5],
    [15, 0xd5],
    [16, 0xd4],
    [-1, 0x55],
    [-16, 0x55],
    [-17, 0x54],
    [1000, 0xfa],
    [-1000, 0x7a],
    [32_767, 0xaa],
    [-32_768, 0x2a],
  ])('sample %i has the byte of the standard', (sample, byte) => {
    expect(encoded(sample, 'pcma')).toBe(byte);
  });

  it('gives every byte back', () => {
    const again = encodeG711(decodeG711(allBytes, 'pcma'), 'pcma');
    expect([...again]).toEqual([...allBytes]);
  });
});

describe.each([
  // Half of the step: the segment's lower end is 32 of those, and µ-law lies 132 lower.
  ['pcmu', (sample: number) => (Math.abs(sample) + 132) / 32],
  ['pcma', (sample: number) => Math.max(8, Math.abs(sample) / 32)],
] as const)('%s', (codec, largestError) => {
  const heard = decodeG711(encodeG711(allSamples, codec), codec);

  it('never turns a louder sample into a quieter one', () => {
    const falling = heard.findIndex((value, index) => index > 0 && value < heard[index - 1]!);
    expect(falling).toBe(-1);
  });

  it('is off by half a step at most, up to where it clips', () => {
    const clipsFrom = codec === 'pcmu' ? 32_636 : 32_769;
    const wrong = allSamples.findIndex((sample, index) => {
      if (Math.abs(sample) >= clipsFrom) return false;
      return Math.abs(heard[index]! - sample) > largestError(sample);
    });
    expect(wrong).toBe(-1);
  });

  it('takes nothing and gives nothing', () => {
    expect(decodeG711(new Uint8Array(0), codec)).toHaveLength(0);
    expect(encodeG711(new Int16Array(0), codec)).toHaveLength(0);
  });
});
