import { describe, expect, it } from 'vitest';
import {
  derivedSeed,
  drawDelayMs,
  drawShapedMs,
  seededRandom,
} from '../../../../../adapters/backends/rehearsal/chance.ts';

function draws(seed: number, count: number, p50: number, p95: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => drawDelayMs({ p50, p95 }, random));
}

describe('drawn delays', () => {
  it('have the median and the 95th percentile that were asked for', () => {
    const sorted = draws(7, 20_000, 300, 600).toSorted((a, b) => a - b);
    expect(sorted[10_000]).toBeGreaterThan(294);
    expect(sorted[10_000]).toBeLessThan(306);
    expect(sorted[19_000]).toBeGreaterThan(585);
    expect(sorted[19_000]).toBeLessThan(615);
  });

  it.each(['lognormal', 'normal', 'heavy', 'bimodal'] as const)(
    'have them in the shape %s too',
    (shape) => {
      const random = seededRandom(11);
      const drawn = Array.from({ length: 20_000 }, () =>
        drawShapedMs(shape, { p50: 300, p95: 700 }, random),
      ).toSorted((a, b) => a - b);
      expect(drawn[10_000]! / 300).toBeCloseTo(1, 1);
      expect(Math.abs(drawn[19_000]! / 700 - 1)).toBeLessThan(0.04);
      expect(drawn[0]).toBeGreaterThan(0);
    },
  );

  it('are spread as they were when a normal one is moved', () => {
    const spread = (p50: number): number => {
      const random = seededRandom(5);
      const draw = (): number => drawShapedMs('normal', { p50, p95: p50 + 100 }, random);
      const drawn = Array.from({ length: 100 }, draw).toSorted((a, b) => a - b);
      return drawn[75]! - drawn[25]!;
    };
    expect(spread(420)).toBeCloseTo(spread(300), 9);
  });

  it('are the same for the same seed and others for another', () => {
    expect(draws(7, 5, 300, 600)).toEqual(draws(7, 5, 300, 600));
    expect(draws(7, 5, 300, 600)).not.toEqual(draws(8, 5, 300, 600));
  });

  it('do not vary where the percentiles are one', () => {
    for (const delayMs of draws(7, 5, 300, 300)) expect(delayMs).toBeCloseTo(300, 9);
  });

  it('differ between the sessions of one seed', () => {
    const seeds = Array.from({ length: 1000 }, (_, ordinal) => derivedSeed(1, ordinal));
    expect(new Set(seeds).size).toBe(1000);
  });

  it('come from numbers that fill the unit interval evenly, whatever the seed', () => {
    for (const seed of [0, 1, 2 ** 32 - 1]) {
      const random = seededRandom(seed);
      const buckets = new Array<number>(10).fill(0);
      for (let i = 0; i < 10_000; i += 1) {
        const bucket = Math.floor(random() * 10);
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      }
      for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
    }
  });
});
