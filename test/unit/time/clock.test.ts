import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/time/clock.ts';

/** When timers for these offsets from now really fire, and what they were asked for. */
async function fire(offsetsMs: readonly number[]): Promise<{ askedMs: number; firedMs: number }[]> {
  const start = systemClock.nowMs();
  return Promise.all(
    offsetsMs.map((offsetMs) => {
      const askedMs = start + offsetMs;
      return new Promise<{ askedMs: number; firedMs: number }>((resolve) => {
        systemClock.timerAt(askedMs, () => resolve({ askedMs, firedMs: systemClock.nowMs() }));
      });
    }),
  );
}

describe('systemClock', () => {
  it('never runs back and has fractions of a millisecond', () => {
    const times = Array.from({ length: 1_000 }, () => systemClock.nowMs());
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.some((time) => !Number.isInteger(time))).toBe(true);
  });

  it('fires no timer before its time, to the fraction', async () => {
    const offsets = Array.from({ length: 40 }, (_, i) => 1 + i * 0.37);
    for (const { askedMs, firedMs } of await fire(offsets)) {
      expect(firedMs).toBeGreaterThanOrEqual(askedMs);
    }
  });

  it('fires a timer of the past', async () => {
    expect(await fire([-1_000])).toHaveLength(1);
  });

  it('does not call back within the call that made the timer', async () => {
    const order: string[] = [];
    const fired = new Promise<void>((resolve) => {
      systemClock.timerAt(0, () => {
        order.push('timer');
        resolve();
      });
    });
    order.push('made');
    await fired;
    expect(order).toEqual(['made', 'timer']);
  });

  it('does not fire what was cancelled, nor at once what is months away', async () => {
    const fired: string[] = [];
    const now = systemClock.nowMs();
    const cancelled = systemClock.timerAt(now + 1, () => fired.push('cancelled'));
    const distant = systemClock.timerAt(now + 2 ** 33, () => fired.push('distant'));
    cancelled.cancel();
    cancelled.cancel();
    await fire([3, 5]);
    distant.cancel();
    expect(fired).toEqual([]);
  });

  it('tells the time of day in milliseconds', () => {
    const year = new Date(systemClock.epochMs()).getUTCFullYear();
    expect(year).toBeGreaterThanOrEqual(2_025);
  });
});
