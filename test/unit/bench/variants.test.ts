import { describe, expect, test } from 'vitest';
import type { MeasuredWindow } from '../../../bench/lib/harness.ts';
import { addedDelayMs, cpuPerFrame, delayMs } from '../../../bench/overhead/variants.ts';

const window = (change: Partial<MeasuredWindow>): MeasuredWindow => ({
  wallMs: 1_000,
  upMs: new Float64Array(),
  downMs: new Float64Array(),
  upPerSecond: 500,
  downPerSecond: 500,
  unmarked: 0,
  cpuAllMs: 10,
  cpuMainMs: 10,
  callerCores: 0,
  upstreamCores: 0,
  callerLateMs: new Float64Array(),
  upstreamLateMs: new Float64Array(),
  machineCores: 0,
  otherCores: 0,
  rssKib: 0,
  troubles: {},
  ...change,
});

describe('CPU of a frame', () => {
  test('is that of one up and one down: CPU over pairs, of each round and of all', () => {
    const windows = [window({}), window({ cpuAllMs: 60, wallMs: 2_000, upPerSecond: 1_500 })];
    expect(cpuPerFrame(windows)).toEqual({ us: 28, roundsUs: [20, 30] });
  });

  test('is not known where nothing went through', () => {
    expect(() => cpuPerFrame([window({ upPerSecond: 0, downPerSecond: 0 })])).toThrow(RangeError);
    expect(() => cpuPerFrame([])).toThrow(RangeError);
  });
});

test('added delay is that beyond the median of the same round and direction', () => {
  const direct = [
    window({ upMs: Float64Array.of(1, 1, 9), downMs: Float64Array.of(2) }),
    window({ upMs: Float64Array.of(5), downMs: Float64Array.of(5) }),
  ];
  const through = [
    window({ upMs: Float64Array.of(3, 0.5), downMs: Float64Array.of(4) }),
    window({ upMs: Float64Array.of(6), downMs: Float64Array.of() }),
  ];
  expect([...addedDelayMs(through, direct)]).toEqual([2, -0.5, 2, 1]);
  expect(delayMs(through)).toMatchObject({ n: 4, p50: 3, max: 6 });
});
