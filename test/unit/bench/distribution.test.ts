import { describe, expect, test } from 'vitest';
import { distribution, median, percentile, pooled } from '../../../bench/lib/distribution.ts';

const oneToTwenty = Array.from({ length: 20 }, (_, index) => index + 1);

describe('percentiles', () => {
  test.each([
    [0.5, 10],
    [0.9, 18],
    [0.95, 19],
    [0.99, 20],
    [1, 20],
    [0.001, 1],
  ])('the share %f of 1…20 ends at %i: a sample, never something between two', (share, value) => {
    expect(percentile(oneToTwenty, share)).toBe(value);
  });

  test('nothing has no percentile, and a share is more than nothing and at most all', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    expect(() => percentile([1], 0)).toThrow(RangeError);
    expect(() => percentile([1], 1.1)).toThrow(RangeError);
  });
});

describe('a distribution', () => {
  test('describes its samples, whatever their order', () => {
    expect(distribution([4, 2, 8, 6])).toEqual({
      n: 4,
      p50: 4,
      p90: 8,
      p95: 8,
      p99: 8,
      max: 8,
      mean: 5,
      stddev: 2.582,
    });
  });

  test('one sample does not vary', () => {
    expect(distribution([0.12345])).toMatchObject({ n: 1, p50: 0.123, mean: 0.123, stddev: 0 });
  });

  test('no samples are said to be none', () => {
    expect(distribution([])).toMatchObject({ n: 0, p99: 0 });
  });

  test('leaves the samples as they were', () => {
    const samples = [3, 1, 2];
    distribution(samples);
    expect(samples).toEqual([3, 1, 2]);
  });
});

test('windows are pooled in order, and a median is one of its samples', () => {
  expect([...pooled([[3, 1], new Float64Array([2]), []])]).toEqual([3, 1, 2]);
  expect(median([9, 1, 5, 7])).toBe(5);
});
