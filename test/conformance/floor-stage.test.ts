import { describe, expect, it } from 'vitest';
import { countedSpeech } from '../ear/counted-speech.ts';
import { speechRateHz } from '../ear/speech.ts';
import { countFaults } from './floor-stage.ts';

const perMs = speechRateHz / 1000;
const { samples } = countedSpeech({ firstNumber: 0, words: 8, rateHz: speechRateHz });
const all = { firstNumber: 0, words: 8 };
const nothing = { lost: [], repeated: [], unsaid: [], damaged: [] };

/** Lowered by 18 dB for a while, with ramps of 20 ms. */
function lowered(fromMs: number, toMs: number): Float32Array {
  return samples.map((sample, i) => {
    const atMs = i / perMs;
    const down = Math.min(1, Math.max(0, (atMs - fromMs) / 20));
    const up = Math.min(1, Math.max(0, (atMs - toMs) / 20));
    return Math.fround(Math.round(sample * 10 ** ((-18 * (down - up)) / 20) * 32_768) / 32_768);
  });
}

function without(recording: Float32Array, fromMs: number, toMs: number): Float32Array {
  const kept = [recording.subarray(0, fromMs * perMs), recording.subarray(toMs * perMs)];
  const shorter = new Float32Array(kept[0]!.length + kept[1]!.length);
  shorter.set(kept[0]!);
  shorter.set(kept[1]!, kept[0]!.length);
  return shorter;
}

describe('the judge of a count that was lowered', () => {
  it('finds nothing wrong with it, wherever the ramps are', () => {
    for (let i = 0; i < 40; i += 1) {
      const fromMs = 100 + 13 * i;
      const recording = lowered(fromMs, fromMs + 300 + 7 * i);
      const { extraMs, ...faults } = countFaults(recording, all);
      expect(faults, `from ${fromMs} ms`).toEqual(nothing);
      expect(extraMs).toBeLessThanOrEqual(20);
    }
  });

  it('finds 25 ms that are missing anywhere in a word, lowered or not', () => {
    for (const recording of [samples, lowered(700, 1400)]) {
      for (let inWordMs = 5; inWordMs < 150; inWordMs += 5) {
        const fromMs = 4 * 260 + inWordMs;
        const { lost, damaged } = countFaults(without(recording, fromMs, fromMs + 25), all);
        expect([...lost, ...damaged], `${inWordMs} ms into the word`).toContain(4);
      }
    }
  });

  it('finds a word that came twice', () => {
    const twice = new Float32Array(samples.length + 260 * perMs);
    twice.set(samples.subarray(0, 3 * 260 * perMs));
    twice.set(samples.subarray(2 * 260 * perMs), 3 * 260 * perMs);
    expect(countFaults(twice, all).repeated).toEqual([2]);
  });
});
