import { fc, test } from '@fast-check/vitest';
import { beforeAll, expect } from 'vitest';
import { bytesPerSample, pcm16k, pcm24k, pcma8k, pcmu8k } from '../../../src/audio/format.ts';
import { createConverter } from '../../../src/call/converter.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';

beforeAll(prepareResampler);

const format = fc.constantFrom(pcm24k, pcm16k, pcmu8k, pcma8k);
const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 30 });

test.prop([format, format, fc.uint8Array({ minLength: 2, maxLength: 8000 }), cuts])(
  'a converter gives the same bytes however the audio is cut, and all of it in the end',
  (from, to, noise, lengths) => {
    const width = bytesPerSample(from.codec);
    const bytes = noise.subarray(0, noise.length - (noise.length % width));
    const whole = createConverter(from, to);
    const expected = Buffer.concat([whole.convert(bytes), whole.flush()]);
    whole.close();

    const cut = createConverter(from, to);
    const parts: Uint8Array[] = [];
    for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
      const end = at + width * lengths[turn % lengths.length]!;
      parts.push(cut.convert(bytes.subarray(at, end)));
      at = end;
    }
    parts.push(cut.flush());
    cut.close();

    expect(Buffer.compare(Buffer.concat(parts), expected)).toBe(0);
    const samples = bytes.length / width;
    expect(expected.length / bytesPerSample(to.codec)).toBe(
      Math.ceil((samples * to.rateHz) / from.rateHz),
    );
  },
);

test.prop([format, fc.uint8Array({ maxLength: 400 })])(
  'nothing is touched where both sides agree: the very same memory comes out',
  (both, noise) => {
    const bytes = noise.subarray(0, noise.length & ~1);
    const converter = createConverter(both, { ...both });
    expect(converter.convert(bytes)).toBe(bytes);
    expect(converter.flush()).toHaveLength(0);
  },
);
