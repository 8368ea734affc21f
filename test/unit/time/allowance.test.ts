import { describe, expect, it } from 'vitest';
import { Allowance } from '../../../src/time/allowance.ts';

describe('an allowance', () => {
  it('gives a burst at once, and then says how long to wait', () => {
    const allowance = new Allowance({ perSecond: 100, burst: 50 });
    expect(allowance.take(50, 0)).toBe(0);
    expect(allowance.take(20, 0)).toBe(200);
    expect(allowance.take(10, 100)).toBe(200);
  });

  it('refills at its rate and never beyond the burst', () => {
    const allowance = new Allowance({ perSecond: 100, burst: 50 });
    allowance.take(50, 0);
    expect(allowance.take(25, 250)).toBe(0);
    expect(allowance.take(50, 60_000)).toBe(0);
    expect(allowance.take(1, 60_000)).toBe(10);
  });
});
