import { describe, expect, test } from 'vitest';
import { summaryText } from '../../../bench/lib/summary-text.ts';
import { chartSvg, cumulative } from '../../../bench/lib/svg.ts';
import { distribution } from '../../../bench/lib/distribution.ts';
import { describeMachine } from '../../../bench/lib/machine.ts';

describe('a plot', () => {
  const chart = {
    title: 'a < b',
    xLabel: 'ms',
    yLabel: 'share',
    series: [{ name: '"one"', points: [[1, 0.5] as const, [10, 1] as const] }],
  };

  test('is one SVG element with what it shows, and text that cannot break out', () => {
    const svg = chartSvg(chart);
    expect(svg).toMatch(/^<svg .*<\/svg>$/);
    expect(svg).toContain('a &lt; b');
    expect(svg).toContain('&quot;one&quot;');
    expect(svg.match(/<circle/g)).toHaveLength(2);
  });

  test('on a logarithmic axis, what is not above zero is left out', () => {
    const points = [[-1, 0.2] as const, [0, 0.4] as const, [1, 0.5] as const, [2, 1] as const];
    const svg = chartSvg({ ...chart, logX: true, series: [{ name: 'x', points }] });
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).not.toContain('NaN');
  });

  test('without a value it says so instead', () => {
    expect(chartSvg({ ...chart, series: [] })).toBe('<p>a &lt; b: nothing was measured.</p>');
  });

  test('a cumulative curve rises from the least sample to the greatest', () => {
    const points = cumulative([5, 1, 3, 2, 4]);
    expect(points[0]).toEqual([1, 0.01]);
    expect(points.at(-1)).toEqual([5, 1]);
    expect(points).toEqual(points.toSorted(([one], [other]) => one - other));
    expect(cumulative([])).toEqual([]);
  });
});

test('a report in words has one line a figure and leaves the long tables to the file', () => {
  const text = summaryText({
    bench: 'overhead',
    machine: { ...describeMachine(), cpu: 'C', cores: 2, node: '24.0.0' },
    config: {},
    summary: {
      openMs: distribution([1, 2, 3]),
      cpuUsPerFrame: { parley: 40 },
      brokenBy: null,
      rounds: [1, 2],
      steps: { off: [] },
    },
    samplesFile: 'bench/out/overhead.json',
  });
  expect(text.split('\n')).toEqual([
    'parley bench overhead (C, 2 cores, Node 24.0.0)',
    '  openMs: p50 2, p99 3, max 3 (n 3)',
    '  cpuUsPerFrame: { parley 40 }',
    '  brokenBy: null',
    '  rounds: { 1; 2 }',
    'samples: bench/out/overhead.json',
  ]);
});
