import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { ChunkHistory } from '../../../src/audio/chunk-history.ts';
import { ChunkTimeline } from '../../../src/audio/chunk.ts';
import type { AudioFormat } from '../../../src/audio/format.ts';

const formats: AudioFormat[] = [
  { codec: 'pcmu', rateHz: 1_000 },
  { codec: 'pcm16', rateHz: 1_000 },
];

test.prop([
  fc.constantFrom(...formats),
  fc.integer({ min: 1, max: 3_000 }),
  fc.integer({ min: 0, max: 5_000 }),
  fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2_500 })), {
    maxLength: 40,
  }),
  fc.array(fc.tuple(fc.nat(12_000), fc.nat(4_000)), { minLength: 1, maxLength: 10 }),
])(
  'ChunkHistory holds exactly the newest samples of any split, and gives any stretch of them',
  (format, limitMs, startSample, lengths, stretches) => {
    const width = format.codec === 'pcm16' ? 2 : 1;
    const timeline = new ChunkTimeline(format, startSample);
    const history = new ChunkHistory(format, limitMs);
    let all = new Uint8Array(0);
    for (const length of lengths) {
      const bytes = Uint8Array.from({ length: length * width }, (_, i) => (all.length + i) % 253);
      all = Uint8Array.from([...all, ...bytes]);
      history.append(timeline.append(bytes, 0));

      const end = timeline.endSample;
      const first = Math.max(startSample, end - limitMs);
      expect(history.endSample).toBe(end);
      expect(history.firstSample).toBe(first);
      expect(history.lengthBytes).toBe((end - first) * width);
      expect(history.forgottenSamples).toBe(first - startSample);
      const kept = all.subarray((first - startSample) * width);
      expect(Buffer.compare(history.slice(first, end)!, kept)).toBe(0);
    }
    for (const [from, samples] of stretches) {
      const slice = history.slice(from, from + samples);
      if (from < history.firstSample || from + samples > history.endSample) {
        expect(slice).toBeNull();
      } else {
        const expected = all.subarray((from - startSample) * width).subarray(0, samples * width);
        expect(Buffer.compare(slice!, expected)).toBe(0);
      }
    }
  },
);
