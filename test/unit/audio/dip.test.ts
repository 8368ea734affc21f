import { describe, expect, it } from 'vitest';
import { dipSample } from '../../../src/audio/dip.ts';

const rateHz = 8_000;

/** 300 ms of a square wave at `level`, `quiet` from `fromMs` to `toMs`. */
function wave(level: number, quiet: number, fromMs: number, toMs: number): Float32Array {
  return Float32Array.from({ length: 2400 }, (_, i) => {
    const ms = i / 8;
    const loud = ms < fromMs || ms >= toMs ? level : quiet;
    return i % 2 === 0 ? loud : -loud;
  });
}

describe('dip', () => {
  it('is the middle of the quietest 20 ms when they lie 15 dB below the whole', () => {
    // −20 dBFS with 60 ms at −40: the whole is at −20.9.
    expect(dipSample(wave(0.1, 0.01, 100, 160), rateHz)).toBe(880);
  });

  it('is nothing in sound that is only a little quieter somewhere', () => {
    expect(dipSample(wave(0.1, 0.03, 100, 160), rateHz)).toBeNull();
    expect(dipSample(wave(0.1, 0.1, 0, 0), rateHz)).toBeNull();
  });

  it('is the first silence, though a later one is deeper', () => {
    const samples = wave(0.1, 0.002, 50, 80);
    samples.fill(0, 1600, 1840);
    expect(dipSample(samples, rateHz)).toBe(480);
  });

  it('is the very beginning of silence, and nothing in less than 20 ms', () => {
    expect(dipSample(new Float32Array(2400), rateHz)).toBe(80);
    expect(dipSample(new Float32Array(159), rateHz)).toBeNull();
    expect(dipSample(new Float32Array(0), rateHz)).toBeNull();
  });
});
