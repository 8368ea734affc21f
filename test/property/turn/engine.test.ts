import { anyOptions, run, storms } from './storm.ts';
import { expect } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { TurnEngine } from '../../../src/turn/engine.ts';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';

test.prop([anyOptions, storms, fc.double({ min: 0, max: 1e7, noNaN: true })], {
  seed: 20_261_108,
  numRuns: 300,
})(
  'TurnEngine gives the machine’s effects in order, on one timer, wherever its clock began',
  (options, storm, originMs) => {
    const clock = new ManualClock(originMs);
    const effects: TurnEffect[] = [];
    const engine = new TurnEngine({ clock, originMs, options }, (effect) => effects.push(effect));
    for (const { atMs, input } of storm) {
      clock.advance(Math.max(0, originMs + atMs - clock.nowMs()));
      engine.feed(input);
      expect(clock.pending).toBeLessThanOrEqual(1);
    }
    // Longer than any wait.
    clock.advance(60_000);
    expect(clock.pending).toBe(0);
    engine.close();
    expect(effects).toEqual(run(storm, options).flatMap((taken) => taken.effects));
  },
);
