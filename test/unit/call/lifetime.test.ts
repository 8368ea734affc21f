import { describe, expect, test } from 'vitest';
import { Lifetime } from '../../../src/call/lifetime.ts';
import type { CallError } from '../../../src/ports/errors.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { plainScope } from '../../support/call-harness.ts';

function begin(
  sessionCapMs: number | null,
  idleTimeoutMs: number | null,
): {
  clock: ManualClock;
  lifetime: Lifetime;
  ends: CallError[];
} {
  const clock = new ManualClock();
  const ends: CallError[] = [];
  const limits = { sessionCapMs, idleTimeoutMs };
  const lifetime = new Lifetime(plainScope(clock), limits, (error) => ends.push(error));
  return { clock, lifetime, ends };
}

describe('the lifetime of a call', () => {
  test('ends at the cap, however busy the client is', () => {
    const { clock, lifetime, ends } = begin(1000, 300);
    for (let passedMs = 0; passedMs < 999; passedMs += 100) {
      clock.advance(100 - (passedMs === 900 ? 1 : 0));
      lifetime.heard(clock.nowMs());
    }
    expect(ends).toEqual([]);
    clock.advance(1);
    expect(ends.map(({ code }) => code)).toEqual(['session_expired']);
    expect(clock.pending).toBe(0);
  });

  test('ends when nothing came for the idle time, counted from the last message', () => {
    const { clock, lifetime, ends } = begin(null, 300);
    clock.advance(299);
    lifetime.heard(299);
    clock.advance(299);
    expect(ends).toEqual([]);
    clock.advance(1);
    expect(ends[0]?.message).toBe('Nothing came from the client for 300 ms.');
    clock.advance(10_000);
    expect(ends).toHaveLength(1);
  });

  test('a message arms no timer, and a closed one leaves none', () => {
    const { clock, lifetime, ends } = begin(1000, 300);
    expect(clock.pending).toBe(2);
    for (let message = 0; message < 100; message += 1) lifetime.heard(message);
    expect(clock.pending).toBe(2);
    lifetime.close();
    lifetime.close();
    expect(clock.pending).toBe(0);
    clock.advance(10_000);
    expect(ends).toEqual([]);
  });

  test('without limits there is no end and no timer', () => {
    const { clock } = begin(null, null);
    expect(clock.pending).toBe(0);
  });
});
