import { describe, expect, test } from 'vitest';

import { BandLevels, bandCount, silenceDbfs } from '../../../src/echo/band-levels.ts';
import { babble } from '../../support/babble.ts';

function frames(pcm: Float32Array, rateHz: number, chunk = pcm.length): number[][] {
  const levels = new BandLevels(rateHz);
  const seen: number[][] = [];
  for (let at = 0; at < pcm.length; at += chunk) {
    levels.push(pcm.subarray(at, at + chunk), (frame, dbfs) => {
      expect(frame).toBe(seen.length);
      seen.push([...dbfs]);
    });
  }
  return seen;
}

const tone = (hz: number, rateHz: number): Float32Array =>
  Float32Array.from(
    { length: rateHz / 2 },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * i) / rateHz),
  );

describe('band levels', () => {
  test.each([8000, 16_000, 24_000, 48_000])('measure the same tone alike at %i Hz', (rateHz) => {
    const settled = frames(tone(850, rateHz), rateHz)[30]!;
    // A sine of amplitude 0.5 lies at −9 dBFS; the third band's centre is 850 Hz.
    expect(settled[2]).toBeGreaterThan(-9.8);
    expect(settled[2]).toBeLessThan(-8.2);
    for (const band of [0, 4, 5]) expect(settled[band]!).toBeLessThan(settled[2]! - 8);
  });

  test('come every 10 ms also where that is no whole number of samples', () => {
    expect(frames(new Float32Array(44_100), 44_100)).toHaveLength(100);
    expect(frames(new Float32Array(11_025), 11_025)).toHaveLength(100);
  });

  test('do not depend on how the audio was split', () => {
    const pcm = babble(400, 130, 5);
    expect(frames(pcm, 16_000, 7)).toEqual(frames(pcm, 16_000));
  });

  test('call silence silence', () => {
    expect(frames(new Float32Array(800), 8000)[4]).toEqual(
      new Array<number>(bandCount).fill(silenceDbfs),
    );
  });

  test('begin anew after a restart', () => {
    const levels = new BandLevels(16_000);
    const seen: number[] = [];
    levels.push(new Float32Array(170).fill(0.5), () => undefined);
    levels.restart();
    levels.push(new Float32Array(160), (frame, dbfs) => seen.push(frame, dbfs[0]!));
    expect(seen).toEqual([0, silenceDbfs]);
  });

  test('refuse a rate that has no telephone band', () => {
    expect(() => new BandLevels(4000)).toThrow(RangeError);
  });
});
