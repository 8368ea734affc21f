import { fc, test } from '@fast-check/vitest';
import { beforeAll, expect } from 'vitest';
import { createResampler, prepareResampler } from '../../../src/audio/resampler.ts';

beforeAll(prepareResampler);

const rates = fc.constantFrom(8_000, 16_000, 22_050, 24_000, 44_100, 48_000);

/** A signal with something at every frequency, the same for the same seed. */
function noise(samples: number, seed: number): Float32Array {
  let state = seed | 1;
  return Float32Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 32;
  });
}

test.prop([
  rates,
  rates,
  fc.nat(6_000),
  fc.integer(),
  fc.array(fc.oneof(fc.nat(5), fc.nat(2_000)), { minLength: 1, maxLength: 30 }),
])(
  'a resampler gives the same samples, to the bit, for any split of the input',
  (fromHz, toHz, length, seed, cuts) => {
    const input = noise(length, seed);
    const whole = createResampler({ fromHz, toHz });
    const expected = [...whole.process(input), ...whole.flush()];
    whole.close();

    const pieces = createResampler({ fromHz, toHz });
    const actual: number[] = [];
    let from = 0;
    for (const cut of cuts) {
      actual.push(...pieces.process(input.subarray(from, from + cut)));
      from += cut;
    }
    actual.push(...pieces.process(input.subarray(from)), ...pieces.flush());
    pieces.close();

    expect(actual.length).toBe(Math.ceil((length * toHz) / fromHz));
    expect(actual).toEqual(expected);
  },
);
