import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { AudibleOnset, firstAudibleSample } from '../../../src/audio/level.ts';
import { decodePcm16, encodePcm16 } from '../../../src/audio/pcm16.ts';

test.prop([
  fc.nat(3_000),
  fc.integer({ min: 0, max: 1_500 }),
  fc.constantFrom(0.001, 0.01, 0.5),
  fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 60 }),
])(
  'AudibleOnset finds, in any split, what firstAudibleSample finds in the whole',
  (silent, loud, level, cuts) => {
    const samples = new Float32Array(silent + loud).fill(level, silent);
    const bytes = encodePcm16(samples);
    const whole = firstAudibleSample(decodePcm16(bytes), 16_000);
    const onset = new AudibleOnset(16_000);
    const reported: number[] = [];
    for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
      const to = from + 2 * cuts[turn % cuts.length]!;
      const position = onset.push(bytes.subarray(from, to));
      if (position !== null) reported.push(position);
      from = to;
    }
    const last = onset.finish();
    if (last !== null) reported.push(last);
    expect(reported).toEqual(whole === null ? [] : [whole]);
  },
);
