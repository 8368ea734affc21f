import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadTurnGraph, type TurnGraph } from '../../../adapters/detectors/smart-turn/graph.ts';
import { installedSmartTurn } from '../../../adapters/detectors/smart-turn/installed.ts';
import { MelAnalyser } from '../../../adapters/detectors/smart-turn/mel-frame.ts';
import { SmartTurnDetector } from '../../../adapters/detectors/smart-turn/smart-turn-detector.ts';
import { TurnMemory } from '../../../adapters/detectors/smart-turn/turn-memory.ts';
import {
  pooled,
  standIn,
  type StandInWeights,
} from '../../../models/smart-turn/stand-in/reference.ts';
import { pulledFile, pulledModelsFolder, readDownloads } from '../../../src/cli/model-download.ts';
import type { EndOfTurnPort, EndOfTurnScore } from '../../../src/ports/end-of-turn.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { voicedSyllables, whiteNoise } from '../../support/silero-sounds.ts';

const models = fileURLToPath(new URL('../../../models', import.meta.url));
const folder = join(models, 'smart-turn', 'stand-in');
const path = join(folder, 'stand-in.onnx');
const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
const weights = JSON.parse(readFileSync(join(folder, 'weights.json'), 'utf8')) as StandInWeights;
const identity = [
  { raw: 0, probability: 0 },
  { raw: 1, probability: 1 },
];

/** Speech of some seconds, then silence with a room's noise. */
function turn(pitchHz: number, speechSamples: number, silenceSamples: number): Float32Array {
  const pcm = whiteNoise(speechSamples + silenceSamples, -66, pitchHz);
  const speech = voicedSyllables(speechSamples, pitchHz);
  for (const [i, sample] of speech.entries()) pcm[i] = pcm[i]! + 0.4 * sample;
  return pcm;
}

function featuresOf(pcm: Float32Array, from = 0): Float32Array {
  const memory = new TurnMemory(new MelAnalyser());
  memory.append(pcm);
  const features = new Float32Array(64_000);
  memory.features(from, features);
  return features;
}

/** One score, or a failure. */
function ask(detector: EndOfTurnPort, pcm: Float32Array, from: number): Promise<EndOfTurnScore> {
  return new Promise((resolve, reject) => {
    const stream = detector.open((score) => {
      stream.close();
      resolve(score);
    }, reject);
    for (let at = 0; at < pcm.length; at += 320) stream.push(pcm.slice(at, at + 320));
    stream.ask(from);
  });
}

const turns = [
  turn(90, 16_000, 3_200),
  turn(140, 50_000, 3_200),
  // More than is kept for the thread at once: the oldest 26,880 samples never reach it.
  turn(210, 150_080, 4_800),
  turn(120, 24_000, 0),
];

describe('the graph of the stand-in', () => {
  let graph: TurnGraph;
  beforeAll(async () => {
    graph = await loadTurnGraph(readFileSync(path));
  });
  afterAll(() => graph.release());

  test('computes what its reference says', async () => {
    for (const pcm of turns) {
      const features = featuresOf(pcm);
      const score = await graph.score(features);
      expect(Math.abs(score - standIn(features, weights))).toBeLessThan(1e-5);
      expect(score).toBeGreaterThan(0);
      expect(score).toBeLessThan(1);
    }
    expect(pooled(featuresOf(turns[0]!))).toHaveLength(weights.weights.length);
  });

  test('takes features of one turn only', async () => {
    await expect(graph.score(new Float32Array(80))).rejects.toThrow(/64000/);
  });
});

test('make.py writes the graph that is in the repository', (context) => {
  const pinned = /^onnx==(.+)$/m.exec(readFileSync(join(folder, 'requirements.txt'), 'utf8'))?.[1];
  const python = spawnSync('python3', ['-c', 'import onnx; print(onnx.__version__)'], {
    encoding: 'utf8',
  });
  if (python.status !== 0 || python.stdout.trim() !== pinned) {
    const reason = `python3 with onnx ${String(pinned)} is not installed`;
    process.stderr.write(`skipped: remaking stand-in.onnx, because ${reason}\n`);
    context.skip(reason);
    return;
  }
  const made = mkdtempSync(join(tmpdir(), 'stand-in-'));
  try {
    const { stderr } = spawnSync('python3', [join(folder, 'make.py'), made], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(readFileSync(join(made, 'stand-in.onnx')).equals(readFileSync(path))).toBe(true);
  } finally {
    rmSync(made, { recursive: true });
  }
});

test('a graph of another kind is refused with its inputs', async () => {
  const parrot = readFileSync(join(models, 'parrot', 'parrot.onnx'));
  await expect(loadTurnGraph(parrot)).rejects.toMatchObject({
    code: 'detector_failed',
    message: expect.stringContaining('not a Smart Turn v3 graph: inputs audio') as string,
  });
  await expect(loadTurnGraph(new Uint8Array(10))).rejects.toMatchObject({
    code: 'detector_failed',
  });
});

describe('the detector on its thread', () => {
  let detector: SmartTurnDetector;
  beforeAll(async () => {
    detector = new SmartTurnDetector({
      clock: systemClock,
      weights: { path, sha256 },
      calibration: identity,
      // The machine of a test may be busy: here the scores count, not their time.
      limits: { askTimeoutMs: 20_000, answerTimeoutMs: 25_000 },
    });
    await detector.prepare(new AbortController().signal);
  });
  afterAll(() => detector.close());

  test('scores turns of many calls at once as the reference does', async () => {
    const from = [0, 777, 12_345, 160];
    const scores = await Promise.all(
      turns.map((pcm, index) => ask(detector, pcm.slice(), from[index]!)),
    );
    for (const [index, { probability, raw, askedAtSample }] of scores.entries()) {
      const rounded = turns[index]!;
      const expected = standIn(featuresOf(rounded, from[index]), weights);
      expect(Math.abs(raw - expected)).toBeLessThan(1e-5);
      expect(probability).toBe(raw);
      expect(askedAtSample).toBe(rounded.length);
    }
    expect(detector.figures()).toMatchObject({
      asks: 4,
      answers: 4,
      streams: 0,
      droppedSamples: 26_880,
    });
  });

  test('forgets what was before a reset', async () => {
    const [noise, pcm] = [turns[2]!.slice(), turns[0]!];
    const fresh = await ask(detector, pcm.slice(), 0);
    const again = await new Promise<EndOfTurnScore>((resolve, reject) => {
      const stream = detector.open(resolve, reject);
      const before = noise.length;
      stream.push(noise);
      stream.reset();
      stream.push(pcm.slice());
      stream.ask(0);
      stream.ask(before);
    });
    expect(again.raw).toBe(fresh.raw);
  });
});

test('weights other than the expected ones are refused, and missing ones named', async () => {
  for (const [weightsPath, message] of [
    [fileURLToPath(import.meta.url), 'not the expected file'],
    [join(folder, 'none.onnx'), 'cannot be read'],
  ] as const) {
    const detector = new SmartTurnDetector({
      clock: systemClock,
      weights: { path: weightsPath, sha256 },
    });
    await expect(detector.prepare(new AbortController().signal)).rejects.toMatchObject({
      code: 'detector_failed',
      message: expect.stringContaining(message) as string,
    });
    await detector.close();
  }
});

test('without weights there is no detector, and the log says so once', () => {
  const logged: string[] = [];
  const log = { ...silentLogger, warn: (event: string) => void logged.push(event) };
  const absent = { path: join(folder, 'none.onnx'), sha256 };
  const { detector, warning } = installedSmartTurn({ clock: systemClock, log, weights: absent });
  expect(detector).toBeNull();
  expect(warning).toMatch(/by silence alone.*models pull smart-turn/);
  expect(logged).toEqual(['end_of_turn.absent']);
  const present = installedSmartTurn({ clock: systemClock, log, weights: { path, sha256 } });
  expect(present.detector).toBeInstanceOf(SmartTurnDetector);
  expect(present.warning).toBeNull();
  expect(logged).toHaveLength(1);
});

const pulled = pulledFile(readDownloads(models), 'smart-turn', pulledModelsFolder(process.env));
const havePulled = existsSync(pulled.path);
if (!havePulled) {
  process.stderr.write('skipped: Smart Turn itself, its weights were not pulled\n');
}

test.skipIf(!havePulled)('Smart Turn itself loads and gives probabilities', async () => {
  const detector = new SmartTurnDetector({
    clock: systemClock,
    weights: pulled,
    limits: { askTimeoutMs: 20_000, answerTimeoutMs: 25_000 },
  });
  try {
    await detector.prepare(new AbortController().signal);
    const { raw, probability } = await ask(detector, turns[1]!.slice(), 0);
    expect(raw).toBeGreaterThanOrEqual(0);
    expect(raw).toBeLessThanOrEqual(1);
    expect(probability).toBeGreaterThanOrEqual(0.05);
    expect(probability).toBeLessThanOrEqual(0.79);
  } finally {
    await detector.close();
  }
});

test('closing in the middle of a run ends the thread, and the process goes on', async () => {
  const detector = new SmartTurnDetector({
    clock: systemClock,
    weights: havePulled ? pulled : { path, sha256 },
    limits: { askTimeoutMs: 20_000, answerTimeoutMs: 25_000 },
  });
  await detector.prepare(new AbortController().signal);
  const closed: PromiseWithResolvers<void> = Promise.withResolvers();
  const scores: EndOfTurnScore[] = [];
  for (const pcm of turns) {
    const stream = detector.open((score) => {
      scores.push(score);
      // The next question is out before the answer to the last one is told.
      detector.close().then(closed.resolve, closed.reject);
    }, closed.reject);
    stream.push(pcm.slice());
    stream.ask(0);
  }
  await closed.promise;
  expect(scores).toHaveLength(1);
});
