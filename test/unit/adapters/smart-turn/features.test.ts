import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { MelAnalyser } from '../../../../adapters/detectors/smart-turn/mel-frame.ts';
import { Spectrum } from '../../../../adapters/detectors/smart-turn/spectrum.ts';
import { TurnMemory } from '../../../../adapters/detectors/smart-turn/turn-memory.ts';
import { readWav } from '../../../../src/audio/wav.ts';
import { referenceFeatures } from '../../../support/mel-reference.ts';
import { voicedSyllables, whiteNoise } from '../../../support/silero-sounds.ts';

const analyser = new MelAnalyser();
const speechFile = fileURLToPath(
  new URL('../../../../../shared/data/speech/silero-test.wav', import.meta.url),
);
const haveSpeech = existsSync(speechFile);
if (!haveSpeech) {
  process.stderr.write('skipped: real speech, ../shared/data/speech/silero-test.wav is absent\n');
}

/** To 16 bits, as the adapter takes it in. */
const rounded = (pcm: Float32Array): Float32Array =>
  pcm.map((x) => Math.max(-32_768, Math.min(32_767, Math.round(x * 32_768))) / 32_768);

/** Features of `pcm` from `from` on, given in chunks of the given length. */
function features(pcm: Float32Array, from = 0, chunk = 320): Float32Array {
  const memory = new TurnMemory(analyser);
  for (let at = 0; at < pcm.length; at += chunk) memory.append(pcm.slice(at, at + chunk));
  const into = new Float32Array(64_000);
  expect(memory.features(from, into)).toBe(true);
  return into;
}

function greatestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

function expectParity(pcm: Float32Array, from = 0): void {
  const end = Math.floor(pcm.length / 160) * 160;
  const reference = referenceFeatures(rounded(pcm).subarray(from, end));
  // Features lie in about −1…1.5. What was measured: at most 2.4e-7, the last bit of a float32.
  expect(greatestDifference(features(pcm, from), reference)).toBeLessThan(1e-6);
}

const speech = voicedSyllables(11 * 16_000, 130);

describe('features equal those of the plain computation', () => {
  test('of a turn shorter than 8 s, with zeros in front', () => {
    expectParity(speech.slice(0, 2.3 * 16_000));
  });

  test('of a turn longer than 8 s, of which the last 8 s count', () => {
    expectParity(speech);
  });

  test('of a turn of 7.995 s, whose mirrored beginning reaches over zeros and speech', () => {
    expectParity(speech.slice(0, 127_920));
  });

  test('of a turn that began later, on no hop: what was before it is zeros', () => {
    expectParity(speech, 5 * 16_000 + 77);
  });

  test('with an offset: the mean leaves the lowest bands', () => {
    expectParity(speech.slice(0, 48_000).map((x) => 0.3 * x + 0.2));
  });

  test('with a rest of less than a hop at the end, which is left out', () => {
    expectParity(speech.slice(0, 40_000 + 159));
  });

  test('of noise, and of clipped sound', () => {
    expectParity(whiteNoise(60_000, -50, 3));
    expectParity(speech.slice(0, 48_000).map((x) => 6 * x));
  });

  test('of digital silence after a word', () => {
    const pcm = new Float32Array(60_000);
    pcm.set(speech.subarray(0, 20_000));
    expectParity(pcm);
  });

  test.skipIf(!haveSpeech)('of real speech at four places', () => {
    const pcm = readWav(readFileSync(speechFile)).channels[0]!;
    for (let place = 1; place <= 10; place += 3) {
      expectParity(pcm.slice(0, place * 70_007), Math.max(0, place * 70_007 - place * 14_003));
    }
  });
});

test('the same however the audio is split', () => {
  const whole = features(speech, 9_000, speech.length);
  for (const chunk of [1, 159, 160, 512, 4_801]) {
    expect(greatestDifference(features(speech, 9_000, chunk), whole)).toBe(0);
  }
});

test('asking changes nothing, and a turn without 10 ms of audio has no features', () => {
  const memory = new TurnMemory(analyser);
  const into = new Float32Array(64_000).fill(7);
  expect(memory.features(0, into)).toBe(false);
  memory.append(speech.slice(0, 32_000));
  expect(memory.features(32_000, into)).toBe(false);
  expect(memory.features(40_000, into)).toBe(false);
  expect(into.every((value) => value === 7)).toBe(true);
  for (let ask = 0; ask < 5; ask += 1) memory.features(ask * 5_000, into);
  memory.append(speech.slice(32_000, 64_000));
  memory.features(1_000, into);
  expect(greatestDifference(into, features(speech.slice(0, 64_000), 1_000))).toBe(0);
});

test('digital silence alone gives finite features', () => {
  expect(features(new Float32Array(32_000)).every((value) => Number.isFinite(value))).toBe(true);
});

test('the transform of 400 points equals the plain sum', () => {
  const samples = Float64Array.from(whiteNoise(400, -10, 9));
  const spectrum = new Spectrum();
  spectrum.transform(samples);
  for (let bin = 0; bin <= 200; bin += 1) {
    let re = 0;
    let im = 0;
    for (const [i, sample] of samples.entries()) {
      re += sample * Math.cos((2 * Math.PI * bin * i) / 400);
      im -= sample * Math.sin((2 * Math.PI * bin * i) / 400);
    }
    expect(Math.abs(spectrum.re[bin]! - re)).toBeLessThan(1e-11);
    expect(Math.abs(spectrum.im[bin]! - im)).toBeLessThan(1e-11);
  }
});
