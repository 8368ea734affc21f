import { describe, expect, it } from 'vitest';
import { HandoverReturn } from '../../../src/call/handover-return.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { plainScope } from '../../support/call-harness.ts';
import type { HandoverCause } from '../../../src/ports/events.ts';

function setUp() {
  const clock = new ManualClock();
  const scope = plainScope(clock);
  const at = { serving: 'first', trusted: true, backs: 0 };
  const way = new HandoverReturn({
    scope,
    preferred: 'first',
    serving: () => at.serving,
    trusted: () => at.trusted,
    back: () => {
      at.backs += 1;
      at.serving = 'first';
    },
  });
  const lose = (from: string, to: string, cause: HandoverCause = 'backend_closed'): void => {
    at.serving = to;
    scope.log.append({
      type: 'handover.started',
      from,
      to,
      cause,
      owed: 'nothing',
    });
  };
  return { clock, at, way, lose };
}

describe('the way back to the preferred backend', () => {
  it('is taken after half a minute, and after twice as long each time it was lost again', () => {
    const { clock, at, lose } = setUp();
    for (const [times, awayMs] of [30_000, 60_000, 120_000].entries()) {
      lose('first', 'second');
      clock.advance(awayMs - 1);
      expect(at.backs).toBe(times);
      clock.advance(1);
      expect(at.backs).toBe(times + 1);
      clock.advance(5000);
      expect(clock.pending).toBe(0);
    }
  });

  it('is no longer for having been late once', () => {
    const { clock, at, lose } = setUp();
    for (const times of [1, 2, 3]) {
      lose('first', 'second', 'hedge');
      clock.advance(30_000);
      expect(at.backs).toBe(times);
    }
  });

  it('waits until it is trusted', () => {
    const { clock, at, lose } = setUp();
    at.trusted = false;
    lose('first', 'second');
    clock.advance(100_000);
    expect(at.backs).toBe(0);
    at.trusted = true;
    clock.advance(5000);
    expect(at.backs).toBe(1);
  });

  it('is no business of a loss between others, and leaves no timer behind', () => {
    const { clock, way, lose } = setUp();
    lose('second', 'third');
    expect(clock.pending).toBe(0);
    lose('first', 'second');
    way.close();
    expect(clock.pending).toBe(0);
  });
});
