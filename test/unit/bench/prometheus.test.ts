import { describe, expect, test } from 'vitest';
import { histogramBetween, MetricsSnapshot } from '../../../bench/lib/prometheus.ts';

const page = (low: number, middle: number, all: number, sum: number): MetricsSnapshot =>
  new MetricsSnapshot(
    [
      '# HELP delay_seconds How late.',
      '# TYPE delay_seconds histogram',
      `delay_seconds_bucket{le="0.001"} ${low}`,
      `delay_seconds_bucket{le="0.01"} ${middle}`,
      `delay_seconds_bucket{le="+Inf"} ${all}`,
      `delay_seconds_sum ${sum}`,
      `delay_seconds_count ${all}`,
    ].join('\n'),
  );

describe('a metrics page', () => {
  const metrics = new MetricsSnapshot(
    [
      '# TYPE frames_total counter',
      'frames_total{backend="a",where="x"} 3',
      'frames_total{backend="a",where="y{\\"}"} 4 1700000000000',
      'frames_total{backend="b",where="x"} 50',
      'nonsense',
      'plain 1.5e-3',
    ].join('\n'),
  );

  test('sums the samples whose labels fit', () => {
    expect(metrics.sum('frames_total')).toBe(57);
    expect(metrics.sum('frames_total', { backend: 'a' })).toBe(7);
    expect(metrics.sum('frames_total', { where: 'x' })).toBe(53);
    expect(metrics.sum('plain')).toBe(0.0015);
  });

  test('what is not there counts nothing, and says so', () => {
    expect(metrics.sum('other')).toBe(0);
    expect(metrics.has('other')).toBe(false);
    expect(metrics.has('plain')).toBe(true);
  });
});

describe('a histogram between two moments', () => {
  test('counts only what came between them, and interpolates inside buckets', () => {
    const between = { before: page(100, 100, 100, 0.05), after: page(150, 200, 200, 0.35) };
    expect(histogramBetween(between, 'delay_seconds', 1000)).toMatchObject({
      n: 100,
      p50: 1,
      p90: 8.2,
      max: 10,
      mean: 3,
    });
  });

  test('above the last edge there is nothing finer than that edge', () => {
    const between = { before: page(0, 0, 0, 0), after: page(0, 0, 5, 2) };
    expect(histogramBetween(between, 'delay_seconds', 1000)).toMatchObject({ n: 5, p50: 10 });
  });

  test('nothing between them is an empty distribution', () => {
    const same = page(1, 2, 3, 1);
    expect(histogramBetween({ before: same, after: same }, 'delay_seconds', 1)).toMatchObject({
      n: 0,
    });
  });
});
