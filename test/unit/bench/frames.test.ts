import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  FrameReader,
  frameLimitBytes,
  opcodes,
  unmask,
  writeFrame,
  type Frame,
} from '../../../bench/wire/frames.ts';

const key = Buffer.from([9, 8, 7, 6]);

describe('frames of the benchmark', () => {
  property.prop([
    fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
    fc.boolean(),
    fc.integer({ min: 1, max: 97 }),
  ])('are read as they were written, however the stream was cut', (payloads, masked, cutBytes) => {
    const stream = Buffer.concat(
      payloads.map(
        (payload) => writeFrame(payload, { opcode: opcodes.text, mask: masked ? key : null }).bytes,
      ),
    );
    const reader = new FrameReader();
    const read: Buffer[] = [];
    for (let at = 0; at < stream.byteLength; at += cutBytes) {
      reader.push(Buffer.from(stream.subarray(at, at + cutBytes)), (frame) => {
        expect(frame).toMatchObject({ opcode: opcodes.text, final: true });
        unmask(frame);
        read.push(Buffer.from(frame.payload));
      });
    }
    expect(read).toEqual(payloads.map((payload) => Buffer.from(payload)));
  });

  test.each([
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ])('a payload of %i bytes begins after %i', (lengthBytes, payloadStart) => {
    const payload = Buffer.alloc(lengthBytes, 1);
    const written = writeFrame(payload, { opcode: opcodes.binary, mask: null });
    expect(written.payloadStart).toBe(payloadStart);
    const read: Frame[] = [];
    new FrameReader().push(written.bytes, (frame) => read.push(frame));
    expect(read).toHaveLength(1);
    expect(read[0]?.payload.equals(payload)).toBe(true);
  });

  test('a frame can be unmasked in two parts', () => {
    const { bytes } = writeFrame(Buffer.from('0123456789'), { opcode: opcodes.text, mask: key });
    new FrameReader().push(bytes, (frame) => {
      unmask(frame, 0, 3);
      expect(frame.payload.toString().slice(0, 3)).toBe('012');
      unmask(frame, 3);
      expect(frame.payload.toString()).toBe('0123456789');
    });
    expect.assertions(2);
  });

  test('a frame over the limit is refused before it is waited for', () => {
    const header = Buffer.alloc(10);
    header[0] = 0x81;
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(frameLimitBytes) + 1n, 2);
    expect(() => new FrameReader().push(header, () => undefined)).toThrow(RangeError);
  });
});
