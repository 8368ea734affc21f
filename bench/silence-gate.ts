/**
 * What the silence gate before Silero VAD saves, and what it changes:
 *
 *     npx node bench/silence-gate.ts FILE.wav …
 *
 * Every file (16 kHz) is spoken at several levels, between two silences of three seconds, digital zero
 * or noise. Prints one JSON object: frames that were not scored, and how far the moments at which the
 * score crosses 0.5 moved (`null`: there are not as many of them any more).
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { BatchScorer } from '../adapters/detectors/silero-vad/batch-scorer.ts';
import { loadGraph } from '../adapters/detectors/silero-vad/graph.ts';
import { frameSamples, rateHz } from '../adapters/detectors/silero-vad/shape.ts';
import { SilenceGate } from '../adapters/detectors/silero-vad/silence-gate.ts';
import {
  locateWeights,
  readWeights,
  sileroWeights,
} from '../adapters/detectors/silero-vad/weights.ts';
import { readWav } from '../src/audio/wav.ts';
import { rounded } from './lib/distribution.ts';

// Where this type exists, onnxruntime-node 1.30 refuses float16 inputs; it looks when it is loaded.
Reflect.deleteProperty(globalThis, 'Float16Array');

const levelsDb = [0, -12, -24, -36];
const noisesDbfs = [-Infinity, -75, -60];
const silenceSeconds = 3;
const threshold = 0.5;
const frameMs = (frameSamples / rateHz) * 1000;

const graph = await loadGraph(await readWeights(locateWeights(), sileroWeights.sha256));
const results = [];
for (const file of process.argv.slice(2)) {
  const wav = readWav(readFileSync(file));
  const [speech] = wav.channels;
  if (speech === undefined || wav.rateHz !== rateHz) throw new RangeError(`${file}: not 16 kHz`);
  for (const [levelDb, noiseDbfs] of levelsDb.flatMap((level) =>
    noisesDbfs.map((noise) => [level, noise] as const),
  )) {
    const frames = cut(scene(speech, levelDb, noiseDbfs));
    const all = await scoresOf(frames, false);
    const gated = await scoresOf(frames, true);
    const before = crossings(all.scores);
    const after = crossings(gated.scores);
    const moved = before.map((at, index) => Math.abs(at - (after[index] ?? Infinity)) * frameMs);
    results.push({
      file: file.split('/').at(-1),
      levelDb,
      noiseDbfs: Number.isFinite(noiseDbfs) ? noiseDbfs : 'none',
      frames: frames.length,
      notScored: frames.length - gated.runs,
      crossings: before.length,
      crossingsMoved: moved.filter((ms) => ms > 0).length,
      mostMovedMs: before.length === after.length ? Math.max(0, ...moved) : null,
      mostDifferentScore: rounded(
        Math.max(...all.scores.map((score, index) => Math.abs(score - gated.scores[index]!))),
      ),
    });
  }
}
console.log(JSON.stringify({ threshold, results }, null, 2));

function scene(speech: Float32Array, levelDb: number, noiseDbfs: number): Float32Array {
  const amplitude = 10 ** (noiseDbfs / 20) * Math.sqrt(3);
  let seed = 1;
  const noise = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return amplitude * (seed / 2 ** 31 - 1);
  };
  const gap = Math.round(silenceSeconds * rateHz);
  const gain = 10 ** (levelDb / 20);
  const pcm = new Float32Array(speech.length + 2 * gap);
  pcm.set(
    speech.map((sample) => sample * gain),
    gap,
  );
  // As a line carries it: 16-bit steps.
  return pcm.map((sample) => Math.round((sample + noise()) * 32_768) / 32_768);
}

function cut(pcm: Float32Array): readonly Float32Array[] {
  return Array.from({ length: Math.floor(pcm.length / frameSamples) }, (_, index) =>
    pcm.subarray(index * frameSamples, (index + 1) * frameSamples),
  );
}

/** Scores of all frames, with or without the gate; used as `SileroStream` uses it. */
async function scoresOf(
  frames: readonly Float32Array[],
  isGated: boolean,
): Promise<{ readonly scores: readonly number[]; readonly runs: number }> {
  const scorer = new BatchScorer(graph.run);
  const gate = new SilenceGate();
  const streamIds = Int32Array.of(1);
  const scores: number[] = [];
  let runs = 0;
  let silent: Float32Array | null = null;
  const run = async (pcm: Float32Array): Promise<number> => {
    runs += 1;
    return (await scorer.score({ streamIds, pcm })).probabilities[0] ?? 0;
  };
  for (const frame of frames) {
    if (isGated && gate.isSilent(frame)) {
      silent = frame;
      scores.push(0);
      continue;
    }
    if (silent !== null) await run(silent);
    silent = null;
    const score = await run(frame);
    gate.scored(score);
    scores.push(score);
  }
  return { scores, runs };
}

/** Frames at which the score goes over the threshold or under it. */
function crossings(scores: readonly number[]): readonly number[] {
  return scores.flatMap((score, index) =>
    score >= threshold !== (scores[index - 1] ?? 0) >= threshold ? [index] : [],
  );
}
