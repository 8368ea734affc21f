import { describe, expect, it } from 'vitest';
import { decodeSamples, encodeSamples } from '../../../src/audio/samples.ts';

describe('samples', () => {
  it.each([
    ['pcm16', [0x00, 0x40, 0x00, 0x80], [0.5, -1]],
    ['pcmu', [0x80, 0xff, 0x00], [32_124 / 32_768, 0, -32_124 / 32_768]],
    ['pcma', [0xaa, 0xd5, 0x2a], [32_256 / 32_768, 8 / 32_768, -32_256 / 32_768]],
  ] as const)('of %s are numbers and become the same bytes again', (codec, bytes, numbers) => {
    const samples = decodeSamples(Uint8Array.from(bytes), codec);
    expect([...samples]).toEqual([...numbers]);
    expect([...encodeSamples(samples, codec)]).toEqual([...bytes]);
  });

  it.each([
    ['pcm16', [0xff, 0x7f, 0x00, 0x80]],
    ['pcmu', [0x80, 0x00]],
    ['pcma', [0xaa, 0x2a]],
  ] as const)('too loud for %s are clamped', (codec, bytes) => {
    expect([...encodeSamples(Float32Array.of(1.5, -7), codec)]).toEqual([...bytes]);
  });

  it('of G.711 may be any number of bytes, of PCM16 not', () => {
    expect(decodeSamples(new Uint8Array(3), 'pcmu')).toHaveLength(3);
    expect(() => decodeSamples(new Uint8Array(3), 'pcm16')).toThrow(RangeError);
  });
});
