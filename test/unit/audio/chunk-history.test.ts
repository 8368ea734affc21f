import { describe, expect, it } from 'vitest';
import { ChunkHistory } from '../../../src/audio/chunk-history.ts';
import { ChunkTimeline, type Chunk } from '../../../src/audio/chunk.ts';
import { pcm16k, type AudioFormat } from '../../../src/audio/format.ts';

const pcmu: AudioFormat = { codec: 'pcmu', rateHz: 1_000 };

/** A chunk of one-byte samples; at 1000 Hz a sample is a millisecond. */
function chunk(startSample: number, values: number[]): Chunk {
  return { ...pcmu, startSample, samples: values.length, bytes: Uint8Array.from(values), atMs: 0 };
}

describe('ChunkHistory', () => {
  it('gives any stretch across chunk borders, byte for byte', () => {
    const history = new ChunkHistory(pcmu, 100);
    history.append(chunk(0, [1, 2, 3]));
    history.append(chunk(3, [4, 5]));
    history.append(chunk(5, [6]));
    expect([...history.slice(1, 6)!]).toEqual([2, 3, 4, 5, 6]);
    expect([...history.slice(3, 4)!]).toEqual([4]);
    expect([...history.slice(2, 2)!]).toEqual([]);
  });

  it('keeps the newest samples up to the limit and counts the others', () => {
    const history = new ChunkHistory(pcmu, 4);
    history.append(chunk(0, [1, 2, 3]));
    history.append(chunk(3, [4, 5, 6]));
    expect(history.firstSample).toBe(2);
    expect(history.endSample).toBe(6);
    expect(history.lengthBytes).toBe(4);
    expect(history.forgottenSamples).toBe(2);
    expect([...history.slice(2, 6)!]).toEqual([3, 4, 5, 6]);
  });

  it('has nothing for what is no longer or not yet kept', () => {
    const history = new ChunkHistory(pcmu, 4);
    history.append(chunk(0, [1, 2, 3, 4, 5, 6]));
    expect(history.slice(1, 3)).toBeNull();
    expect(history.slice(5, 7)).toBeNull();
    expect(history.slice(0, 7)).toBeNull();
  });

  it('keeps the end of a chunk longer than the limit', () => {
    const history = new ChunkHistory(pcmu, 2);
    history.append(chunk(10, [1, 2, 3, 4, 5]));
    expect([history.firstSample, history.endSample]).toEqual([13, 15]);
    expect([...history.slice(13, 15)!]).toEqual([4, 5]);
  });

  it('begins wherever the first chunk does', () => {
    const history = new ChunkHistory(pcmu, 5_000);
    history.append(
      chunk(
        70_000,
        Array.from({ length: 2_000 }, (_, i) => i % 251),
      ),
    );
    expect([history.firstSample, history.endSample]).toEqual([70_000, 72_000]);
    expect(history.slice(69_999, 70_001)).toBeNull();
    expect([...history.slice(71_998, 72_000)!]).toEqual([1_998 % 251, 1_999 % 251]);
    expect(history.forgottenSamples).toBe(0);
  });

  it('is empty before the first chunk', () => {
    const history = new ChunkHistory(pcmu, 10);
    expect([history.firstSample, history.endSample, history.lengthBytes]).toEqual([0, 0, 0]);
    expect(history.slice(0, 1)).toBeNull();
  });

  it('is not changed by what happens to the chunk or to a slice afterwards', () => {
    const history = new ChunkHistory(pcmu, 10);
    const first = chunk(0, [1, 2]);
    history.append(first);
    first.bytes[0] = 99;
    history.slice(0, 2)!.fill(77);
    expect([...history.slice(0, 2)!]).toEqual([1, 2]);
  });

  it('counts two bytes for a sample of 16-bit PCM', () => {
    const timeline = new ChunkTimeline(pcm16k);
    const history = new ChunkHistory(pcm16k, 1);
    history.append(
      timeline.append(
        Uint8Array.from({ length: 64 }, (_, i) => i),
        0,
      ),
    );
    expect(history.firstSample).toBe(16);
    expect(history.lengthBytes).toBe(32);
    expect([...history.slice(30, 32)!]).toEqual([60, 61, 62, 63]);
  });

  it('refuses a gap, another format and positions out of order, and stays as it was', () => {
    const history = new ChunkHistory(pcmu, 10);
    history.append(chunk(0, [1, 2]));
    expect(() => history.append(chunk(3, [4]))).toThrow(/expected 2/);
    expect(() => history.append({ ...chunk(2, [4]), rateHz: 8_000 })).toThrow(/8000 Hz/);
    expect(() => history.slice(2, 1)).toThrow(RangeError);
    expect(() => history.slice(0.5, 1)).toThrow(RangeError);
    expect([...history.slice(0, 2)!]).toEqual([1, 2]);
  });

  it.each([0, -1, NaN, Infinity])('refuses a limit of %s ms', (limitMs) => {
    expect(() => new ChunkHistory(pcmu, limitMs)).toThrow(RangeError);
  });
});
