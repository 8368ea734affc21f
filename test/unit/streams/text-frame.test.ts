import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { asciiFrame, textFrame } from '../../../src/streams/text-frame.ts';

/** The library's own framing; it is exported, and left out of its types. */
const { Sender } = createRequire(import.meta.url)('ws') as {
  readonly Sender: {
    frame(data: Buffer, options: { fin: boolean; opcode: number; mask: boolean }): Buffer[];
  };
};

describe('a text frame', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])(
    'of %i bytes is what the library makes',
    (length) => {
      const text = 'x'.repeat(length);
      const frame = Sender.frame(Buffer.from(text), { fin: true, opcode: 1, mask: false });
      expect(textFrame(text).equals(Buffer.concat(frame))).toBe(true);
      const parts = [text.slice(0, 7), '', text.slice(7)];
      expect(asciiFrame(parts).equals(Buffer.concat(frame))).toBe(true);
    },
  );

  it('holds text in any script', () => {
    const text = '{"a":"é音😀"}';
    const frame = textFrame(text);
    expect(frame[1]).toBe(Buffer.byteLength(text));
    expect(frame.subarray(2).toString('utf8')).toBe(text);
  });
});
