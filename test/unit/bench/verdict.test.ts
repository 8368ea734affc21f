import { describe, expect, test } from 'vitest';
import { brokenBy, type StepFigures } from '../../../bench/load/verdict.ts';

const fine: StepFigures = {
  calls: 100,
  frameDelayP99Ms: 9.9,
  arrivedShare: 1,
  mainCores: 0.95,
  callerCores: 0.3,
  upstreamCores: 0.3,
  machineCores: 1.9,
  otherCores: 0.2,
  eventLoopP99Ms: 9,
  detectorDroppedFrames: 0,
  trouble: null,
};

describe('a step of the load', () => {
  test('keeps the budget as long as frames are in time, however busy everything is', () => {
    expect(brokenBy(fine, 2)).toBeNull();
  });

  test.each<[string, Partial<StepFigures>, RegExp]>([
    ['late frames', { frameDelayP99Ms: 10.1 }, /p99 10\.1 ms: the gateway's main thread is busy/],
    ['lost frames', { arrivedShare: 0.9 }, /only 90\.0 % of the frames arrived/],
    ['frames not judged', { detectorDroppedFrames: 3 }, /the detector dropped 3 frames/],
    ['calls that failed', { trouble: 'closed with 1011' }, /^calls failed: closed with 1011$/],
  ])('is over it with %s', (_what, change, reason) => {
    expect(brokenBy({ ...fine, ...change }, 2)).toMatch(reason);
  });

  test.each<[string, Partial<StepFigures>, RegExp]>([
    ['somebody else', { otherCores: 0.5 }, /other work on the machine takes 0\.50 cores/],
    ['the caller', { callerCores: 0.9 }, /caller of the benchmark is at its limit \(90 %/],
    ['the upstream', { upstreamCores: 0.9 }, /upstream of the benchmark is at its limit/],
    ['the gateway', {}, /gateway's main thread is busy \(95 %/],
    ['the machine', { mainCores: 0.5 }, /machine is busy.*1\.90 of 2 cores/],
    ['a stall', { mainCores: 0.5, machineCores: 1 }, /main thread stalls/],
    [
      'something else',
      { mainCores: 0.5, machineCores: 1, eventLoopP99Ms: 1 },
      /outside the gateway/,
    ],
  ])('blames %s, its own ends first', (_who, change, reason) => {
    expect(brokenBy({ ...fine, frameDelayP99Ms: 30, ...change }, 2)).toMatch(reason);
  });
});
