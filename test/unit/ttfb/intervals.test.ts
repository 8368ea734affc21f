import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { binomialMasses, quantileInterval } from '../../../bench/ttfb/intervals.ts';

const ranks = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => i + 1);

describe('where a quantile lies', () => {
  it('is between the order statistics of the tables', () => {
    // Conover, Practical Nonparametric Statistics: n = 20, median: 6th and 15th.
    expect(quantileInterval(ranks(20), 0.5)).toEqual({ low: 6, high: 15 });
    expect(quantileInterval(ranks(100), 0.5)).toEqual({ low: 40, high: 61 });
  });

  it('has no end where there are too few samples', () => {
    expect(quantileInterval(ranks(5), 0.5)).toEqual({ low: null, high: null });
    expect(quantileInterval(ranks(6), 0.5)).toEqual({ low: 1, high: 6 });
    expect(quantileInterval(ranks(71), 0.95).high).toBeNull();
    expect(quantileInterval(ranks(72), 0.95).high).toBe(72);
    expect(quantileInterval([], 0.5)).toEqual({ low: null, high: null });
  });
});

property.prop([fc.integer({ min: 1, max: 3000 }), fc.constantFrom(0.25, 0.5, 0.75, 0.95)])(
  'leaves out no more than 2.5 % on each side, and no rank more than it must',
  (n, share) => {
    const masses = binomialMasses(n, share);
    expect(masses.reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1, 9);
    const { low, high } = quantileInterval(ranks(n), share);
    const below = (count: number): number =>
      masses.subarray(0, Math.max(0, count)).reduce((sum, mass) => sum + mass, 0);
    // The true value lies below the sample of a rank when fewer samples than that are below it.
    if (low !== null) expect(below(low)).toBeLessThanOrEqual(0.025 + 1e-12);
    expect(below((low ?? 0) + 1)).toBeGreaterThan(0.025 - 1e-12);
    if (high !== null) expect(1 - below(high)).toBeLessThanOrEqual(0.025 + 1e-9);
    expect(1 - below((high ?? n + 1) - 1)).toBeGreaterThan(0.025 - 1e-9);
  },
);
