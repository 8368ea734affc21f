import { describe, expect, it } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { CallError } from '../../../src/ports/errors.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { OpeningRate } from '../../../src/routing/opening-rate.ts';

const never = new AbortController().signal;

/** Lets time pass so that whoever gets a turn takes it within a millisecond. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed++) {
    clock.advance(1);
    await Promise.resolve();
  }
}

/** Most of these times within any second, seen to the millisecond. */
function mostPerSecond(timesMs: readonly number[]): number {
  return Math.max(
    0,
    ...timesMs.map((fromMs) => timesMs.filter((ms) => ms >= fromMs && ms < fromMs + 999).length),
  );
}

describe('how fast sessions are opened with a backend', () => {
  test.prop(
    [
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 1, max: 20 })), {
        minLength: 1,
        maxLength: 8,
      }),
    ],
    { numRuns: 25, endOnFailure: true },
  )('no second has more than the bound, and everybody gets a turn', async (perSecond, waves) => {
    const clock = new ManualClock();
    const rate = new OpeningRate(clock, { perSecond, waiting: 1000 });
    const openedAtMs: number[] = [];
    let asked = 0;
    for (const [pauseMs, calls] of waves) {
      await pass(clock, pauseMs);
      for (let call = 0; call < calls; call++) {
        asked += 1;
        const turn = rate.take(never);
        if (turn === null) openedAtMs.push(clock.nowMs());
        else void turn.then(() => openedAtMs.push(clock.nowMs()));
      }
    }
    for (let step = 0; openedAtMs.length < asked && step < 500; step++) await pass(clock, 1000);
    expect(openedAtMs).toHaveLength(asked);
    expect(mostPerSecond(openedAtMs)).toBeLessThanOrEqual(perSecond);
    expect(clock.pending).toBe(0);
  });

  it('comes close to the bound, in the order in which they asked', async () => {
    const clock = new ManualClock();
    const rate = new OpeningRate(clock, { perSecond: 50, waiting: 1000 });
    const order: number[] = [];
    for (let call = 0; call < 150; call++) {
      const turn = rate.take(never);
      if (turn === null) order.push(call);
      else void turn.then(() => order.push(call));
    }
    expect(order).toHaveLength(10);
    await pass(clock, 3500);
    expect(order).toEqual(Array.from({ length: 150 }, (_, call) => call));
    expect(rate.figures()).toEqual({
      openingsTaken: 150,
      openingsWaiting: 0,
      openingsWaited: 140,
      openingsRefused: 0,
    });
  });

  it('refuses at once where too many wait, and who can do without goes without', async () => {
    const clock = new ManualClock();
    const rate = new OpeningRate(clock, { perSecond: 1, waiting: 1 });
    expect(rate.take(never)).toBeNull();
    const waits = rate.take(never);
    await expect(rate.take(never)).rejects.toMatchObject({ code: 'backend_overloaded' });
    expect(rate.tryTake()).toBe(false);
    clock.advance(1000);
    await waits;
    expect(rate.tryTake()).toBe(false);
    clock.advance(1000);
    expect(rate.tryTake()).toBe(true);
    expect(rate.figures()).toMatchObject({ openingsRefused: 3, openingsTaken: 3 });
  });

  it('frees the place of a call that ends while it waits', async () => {
    const clock = new ManualClock();
    const rate = new OpeningRate(clock, { perSecond: 1, waiting: 1 });
    expect(rate.take(never)).toBeNull();
    const abort = new AbortController();
    const waits = rate.take(abort.signal);
    abort.abort(new CallError('backend_closed', 'the call is over'));
    await expect(waits).rejects.toMatchObject({ code: 'backend_closed' });
    expect(clock.pending).toBe(0);
    expect(rate.take(never)).not.toBeNull();
    expect(rate.figures()).toMatchObject({ openingsWaiting: 1 });
  });

  it('takes other limits over while calls wait', async () => {
    const clock = new ManualClock();
    const rate = new OpeningRate(clock, { perSecond: 1, waiting: 10 });
    const turns = [1, 2, 3].map(() => rate.take(never));
    rate.limits = { perSecond: 1000, waiting: 10 };
    clock.advance(10);
    await Promise.all(turns.filter((turn) => turn !== null));
    expect(rate.figures()).toMatchObject({ openingsWaiting: 0 });
  });
});
