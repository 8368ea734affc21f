import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';

describe('bytes that came as base64', () => {
  it('are the bytes, begin on an even address, and give their text back', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20_000 }), { maxLength: 8 }), (pieces) => {
        const texts = pieces.map((bytes) => Buffer.from(bytes).toString('base64'));
        const decoded = texts.map((text) => Base64Bytes.decode(text));
        for (const [index, bytes] of decoded.entries()) {
          expect(Buffer.from(bytes ?? [255])).toEqual(Buffer.from(pieces[index]!));
          expect((bytes?.byteOffset ?? 1) % 2).toBe(0);
          expect(Base64Bytes.encode(bytes ?? Buffer.from('other'))).toBe(texts[index]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are plain bytes once they are cut or changed', () => {
    const bytes = Base64Bytes.decode('AQIDBAUG')!;
    for (const part of [bytes.subarray(0, 2), bytes.slice(0, 2), bytes.map((byte) => byte)]) {
      expect(part).not.toBeInstanceOf(Base64Bytes);
      expect(Base64Bytes.encode(part)).toBe(Buffer.from(part).toString('base64'));
    }
  });

  it('encodes a view without its surroundings', () => {
    expect(Base64Bytes.encode(new Uint8Array([9, 1, 2, 9]).subarray(1, 3))).toBe('AQI=');
  });

  it.each(['AQI', 'AQ-_', 'A*AA', 'AA==AAAA', '====', 'A A='])('does not decode %j', (text) => {
    expect(Base64Bytes.decode(text)).toBeNull();
  });
});
