import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { frameSamples, ParrotReference } from '../../../models/parrot/reference.ts';
import {
  converse,
  framed,
  isSilent,
  openParrotLoop,
  quiet,
  sound,
  speechFixture,
} from '../../support/parrot-rig.ts';

/** Runs of frames at one level: silence, around both gate thresholds, speech level, full scale. */
const conversation = fc.array(
  fc.record({
    peak: fc.constantFrom(0, 90, 170, 185, 200, 300, 320, 340, 3000, 32_767),
    frames: fc.integer({ min: 1, max: 30 }),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  { minLength: 1, maxLength: 14 },
);

async function expectSame(frames: readonly Int16Array[]): Promise<number> {
  const reference = new ParrotReference();
  const said = await converse(await openParrotLoop(), 0, frames);
  let spoken = 0;
  for (const [index, frame] of frames.entries()) {
    const expected = reference.hear(frame);
    if (!isSilent(expected.speech)) spoken += 1;
    // Compared by hand first: the matcher is slow on arrays of this length.
    if (said[index]!.mark !== expected.mark || !same(said[index]!.speech, expected.speech)) {
      expect({ index, ...said[index] }).toEqual({ index, ...expected });
    }
  }
  return spoken;
}

function same(a: Int16Array, b: Int16Array): boolean {
  return a.length === b.length && a.every((sample, i) => sample === b[i]);
}

describe('the parrot graph equals its reference computation, bit for bit', () => {
  test('on any sequence of levels', async () => {
    let spoken = 0;
    await fc.assert(
      fc.asyncProperty(conversation, async (runs) => {
        const frames = runs.flatMap(({ peak, frames: count, seed }) =>
          Array.from({ length: count }, (_, i) => sound(frameSamples, peak, seed + i)),
        );
        spoken += await expectSame(frames);
      }),
      { numRuns: 40, seed: 20_261_120 },
    );
    expect(spoken).toBeGreaterThan(100);
  });

  test('on recorded speech, with an interruption and a backchannel', async () => {
    const [museum, wait, cake] = ['museum', 'wait', 'cake'].map((name) =>
      framed(speechFixture(name)),
    );
    const backchannel = framed(speechFixture('uh-huh'));
    const frames = [...museum!, ...quiet(20), ...wait!, ...quiet(40), ...cake!, ...quiet(20)];
    expect(await expectSame([...frames, ...backchannel, ...quiet(60)])).toBeGreaterThan(60);
  });

  test('beyond the length of its memory', async () => {
    const frames = Array.from({ length: 280 }, (_, i) => sound(frameSamples, 3000, i + 1));
    expect(await expectSame([...frames, ...quiet(300)])).toBe(243);
  });
});
