import { describe, expect, it } from 'vitest';
import { AudibleOnset, firstAudibleSample, levelDbfs } from '../../../src/audio/level.ts';
import { encodePcm16 } from '../../../src/audio/pcm16.ts';

const rateHz = 8_000;
const windowSamples = 80;

/** Silence, with a square wave of `level` from sample `from` on. */
function square(length: number, from: number, level: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (i < from ? 0 : i % 2 === 0 ? level : -level));
}

describe('levelDbfs', () => {
  it('is 0 for a full-scale square wave and −20 for a tenth of it', () => {
    expect(levelDbfs(square(100, 0, 1))).toBeCloseTo(0, 6);
    expect(levelDbfs(square(100, 0, 0.1))).toBeCloseTo(-20, 5);
  });

  it('is −3.01 for a full-scale sine', () => {
    const sine = Float32Array.from({ length: 800 }, (_, i) => Math.sin((2 * Math.PI * i) / 80));
    expect(levelDbfs(sine)).toBeCloseTo(-3.01, 2);
  });

  it('is minus infinity for silence and for nothing', () => {
    expect(levelDbfs(new Float32Array(10))).toBe(-Infinity);
    expect(levelDbfs(new Float32Array(0))).toBe(-Infinity);
  });
});

describe('firstAudibleSample', () => {
  it('is the start of the first 10 ms window above −50 dBFS', () => {
    const samples = square(400, 160, 0.1);
    expect(firstAudibleSample(samples, rateHz)).toBe(160);
  });

  it('passes over what lies below −50 dBFS and finds what lies above', () => {
    const below = 10 ** (-50.1 / 20);
    const above = 10 ** (-49.9 / 20);
    expect(firstAudibleSample(square(400, 0, below), rateHz)).toBeNull();
    expect(firstAudibleSample(square(400, 0, above), rateHz)).toBe(0);
  });

  it('is not woken by one loud sample in a silent window', () => {
    const samples = new Float32Array(160);
    samples[90] = 0.02;
    expect(firstAudibleSample(samples, rateHz)).toBeNull();
  });

  it('judges a last window that the end cut short', () => {
    expect(firstAudibleSample(square(100, windowSamples, 0.1), rateHz)).toBe(windowSamples);
  });

  it('finds nothing in nothing', () => {
    expect(firstAudibleSample(new Float32Array(0), rateHz)).toBeNull();
  });

  it('refuses a rate without samples in a window', () => {
    expect(() => firstAudibleSample(new Float32Array(1), 0)).toThrow(RangeError);
    expect(() => firstAudibleSample(new Float32Array(1), NaN)).toThrow(RangeError);
  });
});

describe('AudibleOnset', () => {
  it('reports the position once, as soon as the window is full', () => {
    const bytes = encodePcm16(square(320, 160, 0.5));
    const onset = new AudibleOnset(rateHz, 1_000);
    expect(onset.push(bytes.subarray(0, 2 * 239))).toBeNull();
    expect(onset.found).toBe(false);
    expect(onset.push(bytes.subarray(2 * 239, 2 * 240))).toBe(1_160);
    expect(onset.found).toBe(true);
    expect(onset.push(bytes)).toBeNull();
    expect(onset.finish()).toBeNull();
  });

  it('judges the window that the end cut short only when told that it is the end', () => {
    const onset = new AudibleOnset(rateHz);
    expect(onset.push(encodePcm16(square(100, 80, 0.5)))).toBeNull();
    expect(onset.finish()).toBe(80);
    expect(onset.finish()).toBeNull();
  });

  it('has no onset in silence', () => {
    const onset = new AudibleOnset(rateHz);
    expect(onset.push(new Uint8Array(1_000))).toBeNull();
    expect(onset.finish()).toBeNull();
    expect(onset.found).toBe(false);
  });

  it.each([
    ['pcmu', 0xff, 0xa0],
    ['pcma', 0xd5, 0x90],
  ] as const)('hears %s as the sound it is', (codec, quiet, loud) => {
    const onset = new AudibleOnset(8_000, 0, codec);
    expect(onset.push(new Uint8Array(240).fill(quiet))).toBeNull();
    expect(onset.push(new Uint8Array(80).fill(loud))).toBe(240);
  });

  it('refuses half a sample', () => {
    expect(() => new AudibleOnset(rateHz).push(new Uint8Array(1))).toThrow(RangeError);
  });
});
