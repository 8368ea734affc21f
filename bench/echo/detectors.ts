import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BatchScorer } from '../../adapters/detectors/silero-vad/batch-scorer.ts';
import { EnergyDetector } from '../../adapters/detectors/energy/energy-detector.ts';
import { loadGraph } from '../../adapters/detectors/silero-vad/graph.ts';
import { locateWeights, readWeights } from '../../adapters/detectors/silero-vad/weights.ts';
import { seededNoise } from '../../test/support/echo-scene.ts';
import { recorded } from './voices.ts';

/**
 * How the energy detector agrees with Silero on real recordings, clean and in noise. There are no
 * labels: what Silero says of the clean recording is taken for the truth, so the figures are
 * agreement, not accuracy. Needs the shared recordings and sox.
 */
const shared = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const clips = join(shared, 'barista/train');
if (!existsSync(clips)) {
  console.error('no ../shared/data/barista/train: nothing to measure');
  process.exit(1);
}

const graph = await loadGraph(await readWeights(locateWeights()));

async function sileroScores(pcm: Float32Array): Promise<Float32Array> {
  const frames = Math.floor(pcm.length / 512);
  const scorer = new BatchScorer(graph.run);
  const request = { streamIds: new Int32Array(frames), pcm: pcm.slice(0, frames * 512) };
  return (await scorer.score(request)).probabilities;
}

let energyUs = 0;
function energyScores(pcm: Float32Array): Float32Array {
  const scores: number[] = [];
  const stream = new EnergyDetector().open(({ probability }) => scores.push(probability));
  const before = process.cpuUsage();
  stream.push(pcm);
  const { user, system } = process.cpuUsage(before);
  energyUs += user + system;
  return Float32Array.from(scores);
}

/** Brown-ish noise: most rooms have more of it below. RMS 1. */
function roomNoise(samples: number, seed: number): Float32Array {
  const random = seededNoise(seed);
  let low = 0;
  const noise = Float32Array.from({ length: samples }, () => {
    low = 0.9 * low + 0.44 * random();
    return low + 0.25 * random();
  });
  const rms = Math.sqrt(noise.reduce((sum, v) => sum + v * v, 0) / samples);
  return noise.map((v) => v / rms);
}

/** Area under the curve of true against false positives. */
function areaUnderCurve(scores: readonly number[], truth: readonly boolean[]): number {
  const order = scores.map((_score, index) => index).sort((a, b) => scores[a]! - scores[b]!);
  let rankSum = 0;
  let positives = 0;
  for (let i = 0; i < order.length;) {
    let end = i;
    while (end < order.length && scores[order[end]!] === scores[order[i]!]) end += 1;
    for (let j = i; j < end; j += 1) {
      if (!truth[order[j]!]!) continue;
      rankSum += (i + end + 1) / 2;
      positives += 1;
    }
    i = end;
  }
  const negatives = scores.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

const names = readdirSync(clips)
  .sort()
  .filter((_name, index) => index % 8 === 0);
const padding = new Float32Array(16_000);
const recordings = names.map((name): Float32Array => {
  const speech = recorded(join(clips, name));
  const whole = new Float32Array(speech.length + 2 * padding.length);
  whole.set(speech, padding.length);
  return whole;
});
recordings.push(recorded(join(shared, 'speech/silero-test.wav')));
const truths = await Promise.all(recordings.map((pcm) => sileroScores(pcm)));

console.log(`${recordings.length} recordings; truth: Silero on the clean audio, 0.5`);
console.log('noise dB  detector  area  hit %  false %');
for (const snrDb of [60, 20, 10, 5]) {
  const all = { energy: [] as number[], silero: [] as number[] };
  const truth: boolean[] = [];
  for (const [index, clean] of recordings.entries()) {
    const noise = roomNoise(clean.length, index + 1);
    const gain = 0.1 * 10 ** (-snrDb / 20);
    const noisy = clean.map((sample, i) => sample + gain * noise[i]!);
    const energy = energyScores(noisy);
    all.energy.push(...energy);
    all.silero.push(...(await sileroScores(noisy)).subarray(0, energy.length));
    truth.push(...[...truths[index]!.subarray(0, energy.length)].map((score) => score >= 0.5));
  }
  for (const detector of ['energy', 'silero'] as const) {
    const scores = all[detector];
    const speech = truth.filter(Boolean).length;
    const hits = scores.filter((score, i) => score >= 0.5 && truth[i]!).length;
    const falses = scores.filter((score, i) => score >= 0.5 && !truth[i]!).length;
    const figures = [
      areaUnderCurve(scores, truth).toFixed(3),
      ((100 * hits) / speech).toFixed(1),
      ((100 * falses) / (truth.length - speech)).toFixed(1),
    ];
    console.log(`${snrDb}\t${detector}\t${figures.join('\t')}`);
  }
}
const seconds = recordings.reduce((sum, pcm) => sum + pcm.length / 16_000, 0) * 4;
console.log(`energy: ${(energyUs / (seconds / 0.032)).toFixed(1)} µs of CPU for a frame of 32 ms`);
await graph.release();
