import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { ChunkTimeline, chunkDurationMs } from '../../../src/audio/chunk.ts';
import { bytesPerSample, type AudioFormat } from '../../../src/audio/format.ts';

const formats: AudioFormat[] = [
  { codec: 'pcm16', rateHz: 24_000 },
  { codec: 'pcm16', rateHz: 44_100 },
  { codec: 'pcma', rateHz: 8_000 },
];
const arrivals = fc.array(
  fc.record({
    samples: fc.nat(5_000),
    waitedMs: fc.double({ min: 0, max: 2_000, noNaN: true }),
  }),
  { maxLength: 60 },
);

test.prop([fc.constantFrom(...formats), fc.nat(1_000_000), arrivals])(
  'ChunkTimeline counts every sample once and its times never run back, for any split',
  (format, startSample, steps) => {
    const timeline = new ChunkTimeline(format, startSample);
    let expectedStart = startSample;
    let endOfLastMs = 0;
    let nowMs = 0;
    for (const { samples, waitedMs } of steps) {
      nowMs += waitedMs;
      const chunk = timeline.append(new Uint8Array(samples * bytesPerSample(format.codec)), nowMs);
      expect(chunk.startSample).toBe(expectedStart);
      expect(chunk.samples).toBe(samples);
      expect(chunk.atMs).toBe(Math.max(endOfLastMs, nowMs - chunkDurationMs(chunk)));
      expect(chunk.atMs).toBeGreaterThanOrEqual(endOfLastMs);
      expectedStart += samples;
      endOfLastMs = chunk.atMs + chunkDurationMs(chunk);
      expect(timeline.endSample).toBe(expectedStart);
      expect(timeline.endMs).toBe(endOfLastMs);
    }
  },
);

test.prop([fc.array(fc.nat(2_000), { maxLength: 30 })])(
  'audio that comes in one burst takes as long as its samples, however it was split',
  (lengths) => {
    const timeline = new ChunkTimeline({ codec: 'pcmu', rateHz: 8_000 });
    for (const length of lengths) timeline.append(new Uint8Array(length), 0);
    expect(timeline.endMs).toBeCloseTo(timeline.endSample / 8, 6);
  },
);
