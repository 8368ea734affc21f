import { describe, expect, test } from 'vitest';

import { EnergyDetector } from '../../../../adapters/detectors/energy/energy-detector.ts';
import { babble } from '../../../support/babble.ts';
import { scaled, seededNoise } from '../../../support/echo-scene.ts';
import type { DetectorScore } from '../../../../src/ports/detector.ts';

const rateHz = 16_000;
const frameMs = 32;

function scores(pcm: Float32Array): number[] {
  const seen: DetectorScore[] = [];
  new EnergyDetector().open((score) => seen.push(score)).push(pcm);
  return seen.map(({ probability }) => probability);
}

function noise(durationMs: number, dbfs: number, seed = 1): Float32Array {
  const random = seededNoise(seed);
  const peak = Math.sqrt(3) * 10 ** (dbfs / 20);
  return Float32Array.from({ length: (durationMs * rateHz) / 1000 }, () => peak * random());
}

const sum = (a: Float32Array, b: Float32Array, atMs: number): Float32Array =>
  a.map((sample, i) => sample + (b[i - (atMs * rateHz) / 1000] ?? 0));

const share = (values: readonly number[], fromMs: number, toMs: number): number => {
  const part = values.slice(Math.ceil(fromMs / frameMs), Math.floor(toMs / frameMs));
  return part.filter((value) => value >= 0.5).length / part.length;
};

describe('the energy detector', () => {
  test.each([
    ['a quiet room', -65, 0.75],
    ['noise of −44 dBFS', -44, 0.7],
    ['noise of −36 dBFS', -36, 0.4],
  ])('hears a voice in %s, and nothing before and after', (_name, noiseDbfs, least) => {
    const voice = scaled(babble(3000, 120, 8), 0.7);
    const heard = scores(sum(noise(8000, noiseDbfs), voice, 2500));
    expect(share(heard, 2500, 5500)).toBeGreaterThan(least);
    expect(share(heard, 0, 2450)).toBeLessThan(0.03);
    expect(share(heard, 5900, 8000)).toBeLessThan(0.03);
  });

  test('hears a voice from the first frames of a call', () => {
    const heard = scores(sum(noise(2000, -60), scaled(babble(2000, 120, 8), 0.7), 0));
    expect(heard.slice(0, 12).filter((score) => score >= 0.5).length).toBeGreaterThanOrEqual(5);
  });

  test('gets used to louder noise within 2 s', () => {
    const steps = sum(noise(8000, -60), noise(5000, -30, 2), 3000);
    expect(share(scores(steps), 5200, 8000)).toBeLessThan(0.03);
  });

  test.each([
    // A call that begins with hum may be taken for one that begins with speech, for a second.
    ['hum of 50 Hz', 1000, (t: number) => 0.2 * Math.sin(2 * Math.PI * 50 * t)],
    ['a click', 0, (t: number) => (Math.abs(t - 1.5) < 0.001 ? 0.8 : 0)],
  ])('does not take %s for speech', (_name, fromMs, wave) => {
    const pcm = Float32Array.from({ length: 3 * rateHz }, (_, i) => wave(i / rateHz));
    expect(share(scores(sum(noise(3000, -60), pcm, 0)), fromMs, 3000)).toBeLessThan(0.05);
  });

  test('does not take a burst of hiss for speech', () => {
    const random = seededNoise(3);
    let before = 0;
    const hiss = Float32Array.from({ length: rateHz / 2 }, () => {
      const value = random();
      const bright = value - before;
      before = value;
      return 0.05 * bright;
    });
    expect(share(scores(sum(noise(3000, -60), hiss, 2000)), 2000, 2500)).toBeLessThan(0.2);
  });

  test('keeps its figures and refuses streams once it is closed', async () => {
    const detector = new EnergyDetector();
    const stream = detector.open(() => undefined);
    stream.push(new Float32Array(1024));
    expect(detector.figures()).toEqual({ ready: 1, streams: 1, frames: 2 });
    await detector.close();
    stream.push(new Float32Array(1024));
    expect(detector.figures()).toEqual({ ready: 0, streams: 0, frames: 2 });
    expect(() => detector.open(() => undefined)).toThrow('closed');
  });

  test('a listener that closes its stream hears no more of the same push', () => {
    const seen: number[] = [];
    const stream = new EnergyDetector().open(({ endSample }) => {
      seen.push(endSample);
      stream.close();
    });
    stream.push(new Float32Array(5 * 512));
    expect(seen).toEqual([512]);
  });
});
