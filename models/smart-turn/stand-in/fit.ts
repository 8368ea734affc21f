// Makes weights.json (to be formatted with prettier): fits the stand-in on generated speech and prints how good it is on voices and
// sentences it was not fitted on. `npm exec -- node models/smart-turn/stand-in/fit.ts [FOLDER]`;
// needs flite, espeak-ng and sox. With a FOLDER it keeps the clips there, to be used by others.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';

import { MelAnalyser } from '../../../adapters/detectors/smart-turn/mel-frame.ts';
import { TurnMemory } from '../../../adapters/detectors/smart-turn/turn-memory.ts';
import { readWav, writeWav } from '../../../src/audio/wav.ts';
import { crossValidated, fitted, type Example, type Quality } from './logistic.ts';
import { pooled } from './reference.ts';
import { sentences } from './sentences.ts';

const rateHz = 16_000;
const tenMs = rateHz / 100;
/** Silence after which is judged, ms. */
const silenceMs = 200;
const voices = [
  ...['slt', 'rms', 'awb', 'kal16'].map((voice) => ({ engine: 'flite', voice }) as const),
  ...['en-us+m1', 'en-us+m3', 'en-us+f2', 'en-us+f4'].map(
    (voice) => ({ engine: 'espeak-ng', voice }) as const,
  ),
];

const analyser = new MelAnalyser();
const work = mkdtempSync(join(tmpdir(), 'stand-in-'));
const keep = argv[2];

/** A small generator of numbers 0–1, the same every time (a linear congruence). */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function spoken(text: string, { engine, voice }: (typeof voices)[number]): Float32Array {
  const raw = join(work, 'raw.wav');
  const wav = join(work, 'rate.wav');
  if (engine === 'flite') execFileSync('flite', ['-voice', voice, '-t', text, '-o', raw]);
  else execFileSync('espeak-ng', ['-v', voice, '-s', '160', '-w', raw, text]);
  execFileSync('sox', ['-V1', '-R', '-D', raw, '-r', String(rateHz), '-c', '1', wav]);
  return readWav(readFileSync(wav)).channels[0]!;
}

/** Level of each 10 ms, as a sum of squares. */
function energies(pcm: Float32Array): Float64Array {
  return Float64Array.from({ length: Math.floor(pcm.length / tenMs) }, (_, i) =>
    pcm.subarray(i * tenMs, (i + 1) * tenMs).reduce((sum, x) => sum + x * x, 0),
  );
}

/** Speech between the first and the last 10 ms that are less than 40 dB below the loudest. */
function trimmed(pcm: Float32Array): Float32Array {
  const energy = energies(pcm);
  const least = Math.max(...energy) / 10 ** 4;
  const first = energy.findIndex((value) => value >= least);
  const last = energy.findLastIndex((value) => value >= least);
  return pcm.slice(first * tenMs, (last + 1) * tenMs);
}

/** Where a speaker might hold: the quietest 10 ms within 150 ms of a place in the middle. */
function holdAt(pcm: Float32Array, share: number): number {
  const energy = energies(pcm);
  const middle = Math.round(energy.length * share);
  let best = middle;
  for (let i = middle - 15; i <= middle + 15; i += 1) if (energy[i]! < energy[best]!) best = i;
  return best * tenMs;
}

/** The clip as it is judged: RMS 0.1, faded over 10 ms, then silence with a room's noise. */
function clip(speech: Float32Array, random: () => number): Float32Array {
  const rms = Math.sqrt(speech.reduce((sum, x) => sum + x * x, 0) / speech.length);
  const samples = speech.length + (silenceMs * rateHz) / 1000;
  return Float32Array.from({ length: samples }, (_, i) => {
    const fade = Math.max(0, Math.min(1, (speech.length - i) / tenMs));
    return ((speech[i] ?? 0) * 0.1 * fade) / rms + (random() - 0.5) * 0.001;
  });
}

function example(pcm: Float32Array, rest: Omit<Example, 'input'>, name: string): Example {
  if (keep !== undefined) {
    mkdirSync(keep, { recursive: true });
    writeFileSync(join(keep, `${name}.wav`), writeWav({ rateHz, channels: [pcm] }));
  }
  const memory = new TurnMemory(analyser);
  memory.append(pcm);
  const features = new Float32Array(80 * 800);
  memory.features(0, features);
  return { ...rest, input: pooled(features) };
}

/** Sentences said whole, and cut where they go on. */
const said: Example[] = [];
/** First halves of sentences, said as if they were all: no pause of a person sounds like that. */
const fragments: Example[] = [];
for (const [voice, speaker] of voices.entries()) {
  for (const [sentence, text] of sentences.entries()) {
    const random = chance(1 + voice * 1000 + sentence);
    const name = `${voice}-${sentence}`;
    const whole = trimmed(spoken(text, speaker));
    said.push(example(clip(whole, random), { voice, sentence, end: true }, `end-${name}`));
    for (const [index, share] of [0.3 + 0.2 * random(), 0.55 + 0.2 * random()].entries()) {
      const cut = clip(whole.slice(0, holdAt(whole, share)), random);
      said.push(example(cut, { voice, sentence, end: false }, `hold-${name}-${index}`));
    }
    const words = text.split(' ');
    const half = trimmed(spoken(words.slice(0, Math.ceil(words.length / 2)).join(' '), speaker));
    const hold = { voice, sentence, end: false };
    fragments.push(example(clip(half, random), hold, `fragment-${name}`));
  }
}
rmSync(work, { recursive: true });

const report = (name: string, { auc, accuracy, ends, holds }: Quality): void =>
  void stdout.write(
    `${name}: AUC ${auc.toFixed(3)}, balanced accuracy ${(100 * accuracy).toFixed(1)} % ` +
      `(${ends} ends, ${holds} holds)\n`,
  );
report('held-out voices and sentences, cut speech', crossValidated(said, said));
const endsAndFragments = [...said.filter(({ end }) => end), ...fragments];
report('the same, fragments said alone', crossValidated(said, endsAndFragments));
const weights = fitted(said);
const file = fileURLToPath(new URL('weights.json', import.meta.url));
writeFileSync(file, `${JSON.stringify(weights, null, 2)}\n`);
