import { describe, expect, it } from 'vitest';
import { readWav, writeWav } from '../../../src/audio/wav.ts';

const ascii = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));
const u16 = (value: number): number[] => [value & 255, (value >>> 8) & 255];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];

/** A chunk with its pad byte where the length is odd. */
function chunk(name: string, body: number[], statedBytes = body.length): number[] {
  const pad = body.length % 2 === 0 ? [] : [0];
  return [...ascii(name), ...u32(statedBytes), ...body, ...pad];
}

function format(options: {
  tag?: number;
  channels?: number;
  rateHz?: number;
  bits?: number;
  frameBytes?: number;
  extra?: number[];
}): number[] {
  const { tag = 1, channels = 1, rateHz = 16_000, bits = 16, extra = [] } = options;
  const frameBytes = options.frameBytes ?? (channels * bits) / 8;
  return chunk('fmt ', [
    ...u16(tag),
    ...u16(channels),
    ...u32(rateHz),
    ...u32(rateHz * frameBytes),
    ...u16(frameBytes),
    ...u16(bits),
    ...extra,
  ]);
}

function riff(...chunks: number[][]): Uint8Array {
  const body = [...ascii('WAVE'), ...chunks.flat()];
  return Uint8Array.from([...ascii('RIFF'), ...u32(body.length), ...body]);
}

describe('readWav', () => {
  it.each([
    ['8-bit', format({ bits: 8 }), [0, 128, 192, 255], [-1, 0, 0.5, 127 / 128]],
    ['16-bit', format({ bits: 16 }), [0, 0x80, 0, 0x40, 0xff, 0x7f], [-1, 0.5, 32_767 / 32_768]],
    [
      '24-bit',
      format({ bits: 24 }),
      [0, 0, 0x80, 0, 0, 0x40, 0xff, 0xff, 0xff],
      [-1, 0.5, -(2 ** -23)],
    ],
    ['32-bit', format({ bits: 32 }), [0, 0, 0, 0x80, 0, 0, 0, 0x40], [-1, 0.5]],
    [
      'float',
      format({ tag: 3, bits: 32 }),
      [...new Uint8Array(Float32Array.of(-1.5, 0.25).buffer)],
      [-1.5, 0.25],
    ],
  ])('reads %s samples', (_name, fmt, data, expected) => {
    const audio = readWav(riff(fmt, chunk('data', data)));
    expect(audio.rateHz).toBe(16_000);
    expect(audio.channels.map((channel) => [...channel])).toEqual([expected]);
  });

  it('separates interleaved channels', () => {
    const data = [0, 0x40, 0, 0xc0, 0, 0x20, 0, 0xe0, 0, 0x10, 0, 0xf0];
    const audio = readWav(riff(format({ channels: 3 }), chunk('data', data)));
    expect(audio.channels.map((channel) => [...channel])).toEqual([
      [0.5, -0.25],
      [-0.5, 0.125],
      [0.25, -0.125],
    ]);
  });

  it('reads the extensible form by its sub-format', () => {
    const guidRest = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
    const extra = [...u16(22), ...u16(16), ...u32(0), ...u16(1), ...guidRest];
    const fmt = format({ tag: 0xfffe, extra });
    expect([...readWav(riff(fmt, chunk('data', [0, 0x40]))).channels[0]!]).toEqual([0.5]);
  });

  it('skips other chunks, also those of odd length with their pad byte', () => {
    const file = riff(
      chunk('LIST', [1, 2, 3]),
      format({ rateHz: 24_000 }),
      chunk('fact', [0, 0, 0, 0]),
      chunk('bext', [7]),
      chunk('data', [0, 0x40]),
      chunk('id3 ', [1]),
    );
    const audio = readWav(file);
    expect(audio.rateHz).toBe(24_000);
    expect([...audio.channels[0]!]).toEqual([0.5]);
  });

  it('reads to the end where a streaming writer did not know the length', () => {
    const file = riff(format({}), chunk('data', [0, 0x40, 0, 0x20, 9, 0], 0xffff_ffff));
    expect(readWav(file.subarray(0, file.length - 1)).channels[0]).toEqual(
      Float32Array.of(0.5, 0.25),
    );
  });

  it('reads a file that lies at an odd address of a larger memory', () => {
    const file = riff(format({}), chunk('data', [0, 0x40]));
    const memory = new Uint8Array(file.length + 9);
    memory.set(file, 3);
    expect([...readWav(memory.subarray(3, 3 + file.length)).channels[0]!]).toEqual([0.5]);
  });

  it('reads a file without samples', () => {
    expect(readWav(riff(format({ channels: 2 }), chunk('data', []))).channels).toEqual([
      new Float32Array(0),
      new Float32Array(0),
    ]);
  });

  it.each([
    ['an empty file', new Uint8Array(0), /no RIFF/],
    ['another kind of file', Uint8Array.from(ascii('OggS0000WAVE')), /no RIFF/],
    ['a RIFF file of another kind', Uint8Array.from(ascii('RIFF0000AVI ')), /no RIFF/],
    ['no format', riff(), /"fmt "/],
    ['data before the format', riff(chunk('data', [0, 0]), format({})), /before/],
    ['no data', riff(format({})), /"data"/],
    ['a short format', riff(chunk('fmt ', [1, 0])), /2 bytes/],
    ['a short extensible format', riff(format({ tag: 0xfffe })), /needs 40/],
    ['an unknown encoding', riff(format({ tag: 85 }), chunk('data', [])), /tag 85/],
    ['12-bit samples', riff(format({ bits: 12, frameBytes: 2 }), chunk('data', [])), /12 bits/],
    ['64-bit float', riff(format({ tag: 3, bits: 64 }), chunk('data', [])), /64 bits/],
    ['no channels', riff(format({ channels: 0 }), chunk('data', [])), /no channels/],
    ['a rate of zero', riff(format({ rateHz: 0 }), chunk('data', [])), /0 Hz/],
    ['a wrong frame size', riff(format({ frameBytes: 4 }), chunk('data', [])), /4 bytes/],
    ['truncated data', riff(format({}), chunk('data', [0, 0], 400)), /400 bytes but 2/],
    ['half a frame', riff(format({ channels: 2 }), chunk('data', [0, 0, 0, 0, 0, 0])), /whole/],
  ])('refuses %s by name', (_name, file, message) => {
    expect(() => readWav(file)).toThrow(RangeError);
    expect(() => readWav(file)).toThrow(message);
  });
});

describe('writeWav', () => {
  it('writes the 44-byte header and interleaved 16-bit samples', () => {
    const file = writeWav({
      rateHz: 24_000,
      channels: [Float32Array.of(0.5, -1), Float32Array.of(0.25, 1)],
    });
    expect([...file]).toEqual([
      ...riff(
        format({ channels: 2, rateHz: 24_000 }),
        chunk('data', [0, 0x40, 0, 0x20, 0, 0x80, 0xff, 0x7f]),
      ),
    ]);
  });

  it('is read back as it was, for samples that 16 bits hold', () => {
    const channels = [1, 2, 3].map((k) =>
      Float32Array.from({ length: 50 }, (_, i) => (i * k) / 256),
    );
    expect(readWav(writeWav({ rateHz: 48_000, channels }))).toEqual({ rateHz: 48_000, channels });
  });

  it('refuses what a file cannot hold', () => {
    const mono = [new Float32Array(1)];
    expect(() => writeWav({ rateHz: 8_000, channels: [] })).toThrow(/channels/);
    expect(() => writeWav({ rateHz: 0, channels: mono })).toThrow(/rateHz/);
    expect(() => writeWav({ rateHz: 22_050.5, channels: mono })).toThrow(/rateHz/);
    expect(() => writeWav({ rateHz: 8_000, channels: [...mono, new Float32Array(2)] })).toThrow(
      /1, 2 samples/,
    );
  });
});
