import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ParrotReference, frameSamples } from '../../../models/parrot/reference.ts';
import { openParrotLoop, sound } from '../../support/parrot-rig.ts';

/** One tick: which of the rows have a frame, which calls leave after it. */
const tick = fc.record({
  skips: fc.array(fc.nat(5), { maxLength: 3 }),
  leaves: fc.oneof({ weight: 15, arbitrary: fc.constant(null) }, fc.nat(5)),
});
/** A caller: the row, and how it speaks: so many frames, then quiet, again and again. */
const caller = fc.record({
  slot: fc.nat(31),
  loudFrames: fc.integer({ min: 1, max: 12 }),
  quietFrames: fc.integer({ min: 4, max: 25 }),
});

describe('a batch', () => {
  test('gives every call what it would get alone, whoever joins, skips or leaves', async () => {
    let spoken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(tick, { minLength: 40, maxLength: 120, size: 'max' }),
        fc.uniqueArray(caller, { minLength: 2, maxLength: 6, selector: ({ slot }) => slot }),
        async (ticks, callers) => {
          const loop = await openParrotLoop();
          // Rows far apart or side by side, in any order.
          const rows = callers.map((one) => ({ ...one, alone: new ParrotReference() }));
          for (const [at, { skips, leaves }] of ticks.entries()) {
            const stepping = rows.filter((_, i) => !skips.includes(i));
            const frames = stepping.map(({ slot, loudFrames, quietFrames }) => {
              const speaks = (at + slot) % (loudFrames + quietFrames) < loudFrames;
              return { slot, pcm: sound(frameSamples, speaks ? 2000 : 0, at * 32 + slot) };
            });
            const { pcm, outputs } = await loop.step(frames);
            for (const [i, { alone }] of stepping.entries()) {
              const expected = alone.hear(frames[i]!.pcm);
              const speech = pcm.subarray(i * frameSamples, (i + 1) * frameSamples);
              if (expected.mark === 'speech_started') spoken += 1;
              expect(outputs[i]?.mark).toBe(expected.mark);
              expect(speech.every((sample, k) => sample === expected.speech[k])).toBe(true);
            }
            const gone = rows[leaves ?? rows.length];
            if (gone !== undefined) {
              loop.leave(gone.slot);
              // The next call in this row starts from nothing.
              gone.alone = new ParrotReference();
            }
          }
        },
      ),
      { numRuns: 25, seed: 20_261_120 },
    );
    expect(spoken).toBeGreaterThan(20);
  });
});
