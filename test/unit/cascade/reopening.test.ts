import { describe, expect, it } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { PartHealth } from '../../../adapters/backends/cascade/part-health.ts';
import { Reopening, waitBeforeMs } from '../../../adapters/backends/cascade/reopening.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

const gone = new CallError('backend_closed', 'gone');

function rig(allowed: number, refuse: boolean) {
  const clock = new ManualClock();
  const givenUp: CallError[] = [];
  const opened: { closed: boolean }[] = [];
  let tries = 0;
  const reopening = new Reopening({
    clock,
    chance: () => 1,
    health: new PartHealth(allowed, (error) => givenUp.push(error)),
    open: () => {
      tries += 1;
      const session = { closed: false, close: () => (session.closed = true) };
      return refuse ? Promise.reject(gone) : Promise.resolve(session);
    },
    onOpen: (session) => opened.push(session),
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, reopening, givenUp, opened, pass, tries: () => tries };
}

describe('a lost session', () => {
  it('is tried for again after longer and longer waits, and given up in the end', async () => {
    const { reopening, givenUp, pass, tries, clock } = rig(4, true);
    reopening.lost(gone);
    for (const [waitMs, triesThen] of [
      [199, 0],
      [1, 1],
      [399, 1],
      [1, 2],
      [799, 2],
      [1, 3],
    ] as const) {
      await pass(waitMs);
      expect(tries()).toBe(triesThen);
    }
    expect(givenUp).toEqual([gone]);
    expect(clock.pending).toBe(0);
  });

  it('that had lasted counts as the first failure', async () => {
    const { reopening, givenUp, opened, pass } = rig(2, false);
    for (let loss = 0; loss < 5; loss += 1) {
      await pass(60_000);
      reopening.lost(gone);
      await pass(200);
    }
    expect(opened).toHaveLength(5);
    reopening.lost(gone);
    expect(givenUp).toEqual([gone]);
  });

  it('is not wanted once it is closed, not even when it comes', async () => {
    const { reopening, opened, pass, clock } = rig(3, false);
    reopening.lost(gone);
    clock.advance(200);
    reopening.close();
    await pass(0);
    expect(opened).toHaveLength(0);
    reopening.lost(gone);
    expect(clock.pending).toBe(0);
  });

  test.prop([fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true })])(
    'is waited for no longer than 5 s',
    (failures, chance) => {
      expect(waitBeforeMs(failures, chance)).toBeGreaterThanOrEqual(100);
      expect(waitBeforeMs(failures, chance)).toBeLessThanOrEqual(5000);
    },
  );
});
