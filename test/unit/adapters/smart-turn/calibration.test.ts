import { describe, expect, test } from 'vitest';

import {
  calibrated,
  checkCalibration,
  smartTurnCalibration,
} from '../../../../adapters/detectors/smart-turn/calibration.ts';

/** Share of real pauses of at least 0.2 s that are longer (eot-bench, English), linear between. */
const longer = [
  [0.2, 1],
  [0.3, 0.556],
  [0.6, 0.217],
  [1, 0.1],
  [1.6, 0.05],
  [3, 0],
] as const;

function shareLonger(seconds: number): number {
  const next = longer.findIndex(([at]) => at >= seconds);
  const [to, low] = longer[next]!;
  const [from, high] = longer[next - 1] ?? longer[0];
  return to === from ? high : high + ((low - high) * (seconds - from)) / (to - from);
}

/** Smart Turn v3.2's published operating points: what was set, and what came of it. */
const published = [
  { threshold: 0.01, delay: 0.7, timeout: 2, cutIns: 0.1, meanDelay: 0.739 },
  { threshold: 0.05, delay: 0.2, timeout: 1, cutIns: 0.352, meanDelay: 0.3 },
  { threshold: 0.21, delay: 0.5, timeout: 1, cutIns: 0.148, meanDelay: 0.6 },
];

/** Shares of pauses and of ends that score at or above the threshold. */
function above(point: (typeof published)[number]): { holds: number; ends: number } {
  const { delay, timeout, cutIns, meanDelay } = point;
  const late = shareLonger(timeout);
  return {
    holds: (cutIns - late) / (shareLonger(delay) - late),
    ends: (timeout - meanDelay) / (timeout - delay),
  };
}

const logit = (p: number): number => Math.log(p / (1 - p));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

test('the map is what the published operating points say', () => {
  const points = [{ holds: 1, ends: 1 }, ...published.map(above), { holds: 0, ends: 0 }];
  const within = points.slice(1).map(({ holds, ends }, i) => {
    const [h, e] = [points[i]!.holds - holds, points[i]!.ends - ends];
    return e / (e + h);
  });
  const between = within.slice(1).map((p, i) => sigmoid((logit(p) + logit(within[i]!)) / 2));
  const expected = [within[0]!, ...between, within.at(-1)!];
  expect(smartTurnCalibration.map(({ raw }) => raw)).toEqual([0, 0.01, 0.05, 0.21, 1]);
  for (const [i, { probability }] of smartTurnCalibration.entries()) {
    expect(Math.abs(probability - expected[i]!)).toBeLessThan(0.006);
  }
});

describe('a calibration', () => {
  test('goes through its knots, straight between them', () => {
    for (const { raw, probability } of smartTurnCalibration) {
      expect(calibrated(raw, smartTurnCalibration)).toBeCloseTo(probability, 12);
    }
    expect(calibrated(0.03, smartTurnCalibration)).toBeCloseTo(0.31, 12);
  });

  test('never falls', () => {
    let last = 0;
    for (let raw = 0; raw <= 1; raw += 0.001) {
      const probability = calibrated(raw, smartTurnCalibration);
      expect(probability).toBeGreaterThanOrEqual(last);
      last = probability;
    }
  });

  test.each([
    [[]],
    [[{ raw: 0, probability: 0 }]],
    [
      [
        { raw: 0.1, probability: 0 },
        { raw: 1, probability: 1 },
      ],
    ],
    [
      [
        { raw: 0, probability: 0.5 },
        { raw: 1, probability: 0.4 },
      ],
    ],
    [
      [
        { raw: 0, probability: 0 },
        { raw: 0, probability: 0.2 },
        { raw: 1, probability: 1 },
      ],
    ],
    [
      [
        { raw: 0, probability: 0 },
        { raw: 1, probability: NaN },
      ],
    ],
  ])('%j is none', (points) => {
    expect(() => checkCalibration(points)).toThrow(RangeError);
  });
});
