import { describe, expect, test } from 'vitest';
import { chartSvg } from '../../../../bench/lib/svg.ts';
import { turnCharts } from '../../../../bench/turns/scoring/charts.ts';
import { publishedPoints } from '../../../../bench/turns/scoring/published.ts';

const points = [
  { delayMs: 300, cutInRate: 0.5 },
  { delayMs: 900, cutInRate: 0.1 },
];

describe('plots of turn-taking', () => {
  const charts = turnCharts({
    curves: {
      fixed: points,
      analytic: points,
      fixedFromAnalyticPoints: 0,
      fixedFromAnalyticAtMeanPoints: 0,
      dynamic: points,
      scored: points,
      scoredByAuc: { '0.9': { points, delayAt5Ms: null, cutInRateAt550: 0.5 } },
    },
    ends: new Map([['fast', []]]),
    overlaps: new Map(),
  });

  test('mark every point that was published elsewhere, and draw no line through them', () => {
    const [curves] = charts;
    const others = curves!.series.filter(({ name }) => name.endsWith('*'));
    expect(new Set(others.map(({ name }) => name)).size).toBe(11);
    expect(others.every(({ dots }) => dots === true)).toBe(true);
    expect(curves!.title).toContain('published elsewhere');
  });

  test('can be drawn, also without a measurement', () => {
    for (const chart of charts) expect(chartSvg(chart)).not.toContain('NaN');
  });
});

test('published curves fall', () => {
  for (const system of new Set(publishedPoints.map((point) => point.system))) {
    const own = publishedPoints.filter((point) => point.system === system);
    const rates = own.map(({ cutInRate }) => cutInRate);
    expect(rates, system).toEqual(rates.toSorted((a, b) => b - a));
  }
});
