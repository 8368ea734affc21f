import { describe, expect, it } from 'vitest';
import { decodePcm16, encodePcm16, viewInt16 } from '../../../src/audio/pcm16.ts';

describe('decodePcm16', () => {
  it('reads little-endian samples as fractions of 32768', () => {
    const bytes = Uint8Array.of(0x00, 0x00, 0x00, 0x40, 0x00, 0x80, 0xff, 0x7f);
    expect([...decodePcm16(bytes)]).toEqual([0, 0.5, -1, 32_767 / 32_768]);
  });

  it('reads samples that begin at an odd address', () => {
    const bytes = Uint8Array.of(0xaa, 0x00, 0x40, 0x00, 0xc0).subarray(1);
    expect([...decodePcm16(bytes)]).toEqual([0.5, -0.5]);
  });

  it('refuses half a sample', () => {
    expect(() => decodePcm16(new Uint8Array(3))).toThrow(RangeError);
  });
});

describe('encodePcm16', () => {
  it('rounds to the nearest step and clamps to 16 bits', () => {
    const samples = Float32Array.of(0.5, 1, 2, -1, -2, 0.4 / 32_768, 0.6 / 32_768, -0.6 / 32_768);
    expect([...viewInt16(encodePcm16(samples))]).toEqual([
      16_384, 32_767, 32_767, -32_768, -32_768, 0, 1, -1,
    ]);
  });

  it('writes silence for what is no number and clamps infinities', () => {
    const samples = Float32Array.of(NaN, Infinity, -Infinity);
    expect([...viewInt16(encodePcm16(samples))]).toEqual([0, 32_767, -32_768]);
  });

  it('gives back every one of the 65536 values exactly', () => {
    const all = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
    const bytes = new Uint8Array(all.buffer);
    expect(encodePcm16(decodePcm16(bytes))).toEqual(bytes);
  });
});

describe('viewInt16', () => {
  it('shares the memory where the address is even', () => {
    const bytes = new Uint8Array(6).subarray(2);
    const view = viewInt16(bytes);
    bytes[1] = 1;
    expect([...view]).toEqual([256, 0]);
  });

  it('copies where the address is odd', () => {
    const bytes = Uint8Array.of(9, 1, 0).subarray(1);
    const view = viewInt16(bytes);
    expect(view.buffer).not.toBe(bytes.buffer);
    expect([...view]).toEqual([1]);
  });
});
