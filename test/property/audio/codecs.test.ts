import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { decodePcm16, encodePcm16 } from '../../../src/audio/pcm16.ts';
import { readWav, writeWav } from '../../../src/audio/wav.ts';

const evenBytes = fc.uint8Array({ maxLength: 400 }).map((b) => b.subarray(0, b.length & ~1));

test.prop([evenBytes, fc.nat(3)])(
  'PCM16 survives decoding and encoding at any address',
  (bytes, offset) => {
    const memory = new Uint8Array(bytes.length + offset);
    memory.set(bytes, offset);
    const again = encodePcm16(decodePcm16(memory.subarray(offset)));
    expect([...again]).toEqual([...bytes]);
  },
);

const fraction = fc.float({ min: -1, max: Math.fround(32_767 / 32_768), noNaN: true });

test.prop([
  fc.integer({ min: 1, max: 400_000 }),
  fc.integer({ min: 1, max: 5 }),
  fc.array(fraction, { maxLength: 200 }),
])('a WAV file is read back as it was written', (rateHz, channelCount, values) => {
  const samples = Math.floor(values.length / channelCount);
  const channels = Array.from({ length: channelCount }, (_, c) =>
    Float32Array.from(values.slice(c * samples, (c + 1) * samples)),
  );
  const first = readWav(writeWav({ rateHz, channels }));
  expect(first.rateHz).toBe(rateHz);
  expect(first.channels.length).toBe(channelCount);
  first.channels.forEach((channel, c) => {
    expect(channel.length).toBe(samples);
    channel.forEach((sample, i) => {
      expect(Math.abs(sample - channels[c]![i]!)).toBeLessThanOrEqual(0.5 / 32_768);
    });
  });
  expect(readWav(writeWav(first))).toEqual(first);
});

test.prop([fc.uint8Array({ maxLength: 120 }), fc.nat(60), fc.nat(255)])(
  'a broken WAV file is refused with a RangeError or read, never anything else',
  (noise, at, value) => {
    const valid = writeWav({ rateHz: 8_000, channels: [Float32Array.of(0.1, 0.2, 0.3)] });
    const mutated = valid.slice();
    if (at < mutated.length) mutated[at] = value;
    const files = [noise, mutated, valid.subarray(0, at), Uint8Array.from([...valid, ...noise])];
    for (const file of files) {
      try {
        const audio = readWav(file);
        expect(audio.channels.length).toBeGreaterThan(0);
        expect(new Set(audio.channels.map((channel) => channel.length)).size).toBe(1);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  },
);
