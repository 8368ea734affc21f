import { describe, expect, it } from 'vitest';
import { judge, wasHeard } from './judge.ts';
import { seededRandom } from './seeded-random.ts';
import { fixture, joined, realSpeech, speechRateHz } from './speech.ts';

const clip = fixture('table').samples;
const ms = (value: number): number => Math.round((value * speechRateHz) / 1000);

/** Two seconds of quiet, the given parts, two seconds of quiet. */
function recordingOf(...parts: readonly Float32Array[]): Float32Array {
  return joined([new Float32Array(ms(2000)), ...parts, new Float32Array(ms(2000))], 0);
}

/** Without the stretch [fromMs, fromMs + lengthMs). */
function cut(samples: Float32Array, fromMs: number, lengthMs: number): Float32Array[] {
  return [samples.subarray(0, ms(fromMs)), samples.subarray(ms(fromMs + lengthMs))];
}

/** Places inside of sound in `table`: vowels, consonants and the border of phrases. */
const places = [300, 620, 1200, 1777, 2300, 2718, 3100, 3600];

describe('the judge', () => {
  it('accepts a delayed copy and says where it begins', () => {
    const judged = judge(recordingOf(clip), clip, speechRateHz);
    expect(judged.correlation).toBeGreaterThan(0.9999);
    expect(judged.startSample).toBe(ms(2000));
    expect(judged).toMatchObject({ lostMs: 0, repeatedMs: 0, gapMs: 0, extraMs: 0 });
    expect(wasHeard(judged)).toBe(true);
  });

  it('accepts a copy at a fifth of the loudness, under noise 20 dB below it', () => {
    const random = seededRandom(1);
    const quiet = clip.map((sample) => sample / 5);
    const noisy = recordingOf(quiet).map((sample) => sample + (random() - 0.5) * 0.007);
    const judged = judge(noisy, clip, speechRateHz);
    expect(judged.correlation).toBeGreaterThan(0.95);
    expect(wasHeard(judged)).toBe(true);
  });

  it.each(places)('rejects a cut of 40 ms at %i ms', (atMs) => {
    const judged = judge(recordingOf(...cut(clip, atMs, 40)), clip, speechRateHz);
    expect(judged.lostMs).toBeGreaterThan(20);
    expect(judged.lostMs).toBeLessThan(70);
    expect(wasHeard(judged)).toBe(false);
  });

  it.each(places)('rejects 40 ms said twice at %i ms', (atMs) => {
    const parts = [clip.subarray(0, ms(atMs)), clip.subarray(ms(atMs - 40))];
    const judged = judge(recordingOf(...parts), clip, speechRateHz);
    expect(judged.repeatedMs).toBeGreaterThan(20);
    expect(judged.repeatedMs).toBeLessThan(70);
    expect(wasHeard(judged)).toBe(false);
  });

  it.each(places)('rejects 40 ms replaced by silence at %i ms', (atMs) => {
    const holed = recordingOf(clip);
    holed.fill(0, ms(2000 + atMs), ms(2040 + atMs));
    const judged = judge(holed, clip, speechRateHz);
    expect(judged.lostMs).toBeGreaterThan(20);
    expect(judged.lostMs).toBeLessThan(60);
  });

  it.each(places)('tells 120 ms of inserted silence at %i ms from a repetition', (atMs) => {
    const gap = new Float32Array(ms(120));
    const parts = [clip.subarray(0, ms(atMs)), gap, clip.subarray(ms(atMs))];
    const judged = judge(recordingOf(...parts), clip, speechRateHz);
    expect(judged.gapMs).toBeGreaterThan(100);
    expect(judged.gapMs).toBeLessThan(140);
    expect(judged.repeatedMs).toBeLessThanOrEqual(20);
    expect(judged.lostMs).toBeLessThanOrEqual(20);
  });

  it('rejects other speech by the same voice', () => {
    const judged = judge(recordingOf(fixture('wait').samples), clip, speechRateHz);
    expect(judged.correlation).toBeLessThan(0.5);
    expect(judged.lostMs).toBeGreaterThan(400);
    expect(wasHeard(judged)).toBe(false);
  });

  it('rejects silence', () => {
    const judged = judge(new Float32Array(ms(6000)), clip, speechRateHz);
    expect(judged.correlation).toBeLessThan(0.1);
    expect(wasHeard(judged)).toBe(false);
  });

  it('rejects an answer without its last 60 ms of sound', () => {
    const judged = judge(recordingOf(clip.subarray(0, clip.length - ms(210))), clip, speechRateHz);
    expect(judged.lostMs).toBeGreaterThan(20);
  });

  it('measures sound before and after the clip', () => {
    const tail = fixture('uh-huh').samples;
    const judged = judge(recordingOf(clip, tail), clip, speechRateHz);
    expect(judged.extraMs).toBeGreaterThan(200);
    expect(wasHeard(judged)).toBe(true);
  });

  const real = realSpeech();
  const missing = 'missing' in real ? real.missing : null;
  it.skipIf(missing !== null)(
    `works on eleven seconds of a real speaker${missing === null ? '' : ` (skipped: ${missing})`}`,
    () => {
      if (!('speech' in real)) throw new Error('skipped');
      const said = real.speech.samples;
      expect(wasHeard(judge(recordingOf(said), said, speechRateHz))).toBe(true);
      const damaged = judge(recordingOf(...cut(said, 4000, 40)), said, speechRateHz);
      expect(wasHeard(damaged)).toBe(false);
      expect(damaged.lostMs).toBeGreaterThan(20);
    },
  );
});
