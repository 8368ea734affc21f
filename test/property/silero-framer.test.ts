import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { expect } from 'vitest';

import { Framer } from '../../adapters/detectors/silero-vad/framer.ts';

/** Each push carries the positions of its samples as its samples. */
function ramp(from: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, index) => from + index);
}

const lengths = fc.array(fc.integer({ min: 0, max: 1600 }), { maxLength: 30 });

test.prop([lengths])('any split gives the same frames at the same places', (pushes) => {
  const framer = new Framer();
  let pushed = 0;
  let ends = 0;
  for (const samples of pushes) {
    for (const frame of framer.cut(ramp(pushed, samples))) {
      ends += 512;
      expect(frame.endSample).toBe(ends);
      expect(frame.samples).toEqual(ramp(ends - 512, 512));
    }
    pushed += samples;
  }
  expect(ends).toBe(Math.floor(pushed / 512) * 512);
});

test.prop([lengths, lengths])(
  'after a restart the next frame begins with the next sample',
  (before, after) => {
    const framer = new Framer();
    let pushed = 0;
    for (const samples of before) {
      framer.cut(ramp(pushed, samples));
      pushed += samples;
    }
    framer.restart();
    let ends = pushed;
    for (const samples of after) {
      for (const frame of framer.cut(ramp(pushed, samples))) {
        ends += 512;
        expect(frame.endSample).toBe(ends);
        expect(frame.samples).toEqual(ramp(ends - 512, 512));
      }
      pushed += samples;
    }
  },
);

test.prop([lengths])('frames that were given out are not written to again', (pushes) => {
  const framer = new Framer();
  const given = pushes.flatMap((samples) => framer.cut(new Float32Array(samples).fill(1)));
  for (const length of [100, 512, 700]) framer.cut(new Float32Array(length).fill(2));
  for (const frame of given) expect(frame.samples.every((sample) => sample === 1)).toBe(true);
});
