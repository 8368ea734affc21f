import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { BatchScorer } from '../../adapters/detectors/silero-vad/batch-scorer.ts';
import { loadGraph, type Graph } from '../../adapters/detectors/silero-vad/graph.ts';
import { SileroDetector } from '../../adapters/detectors/silero-vad/silero-detector.ts';
import { locateWeights, readWeights } from '../../adapters/detectors/silero-vad/weights.ts';
import { systemClock } from '../../src/time/clock.ts';
import { voicedSyllables, whiteNoise } from '../support/silero-sounds.ts';

const speechFile = fileURLToPath(
  new URL('../../../shared/data/speech/silero-test.wav', import.meta.url),
);
const haveSpeech = existsSync(speechFile);
if (!haveSpeech) {
  process.stderr.write('skipped: real speech, ../shared/data/speech/silero-test.wav is absent\n');
}

/** A 16-bit mono WAV with a 44-byte header. */
function readSpeech(): Float32Array {
  const bytes = readFileSync(speechFile);
  const samples = Math.floor((bytes.length - 44) / 2);
  return Float32Array.from(
    { length: samples },
    (_, index) => bytes.readInt16LE(44 + index * 2) / 32_768,
  );
}

function levelDbfs(frame: Float32Array): number {
  const sum = frame.reduce((total, sample) => total + sample * sample, 1e-12);
  return 10 * Math.log10(sum / frame.length);
}

const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

describe('the graph', () => {
  let graph: Graph;
  beforeAll(async () => {
    graph = await loadGraph(await readWeights(locateWeights()));
  });
  afterAll(() => graph.release());

  async function scoreAlone(pcm: Float32Array): Promise<number[]> {
    const scorer = new BatchScorer(graph.run);
    const frames = Math.floor(pcm.length / 512);
    const { probabilities } = await scorer.score({
      streamIds: new Int32Array(frames),
      pcm: pcm.slice(0, frames * 512),
    });
    return [...probabilities];
  }

  test('scores 37 streams in batches as it scores each alone', async () => {
    const streams = Array.from({ length: 37 }, (_, index) =>
      index % 2 === 0
        ? voicedSyllables(24 * 512, 90 + 5 * index)
        : whiteNoise(24 * 512, -20 - index, index),
    );
    const scorer = new BatchScorer(graph.run, 16);
    const together: number[][] = streams.map(() => []);
    for (let frame = 0; frame < 24; frame += 3) {
      const pcm = new Float32Array(37 * 3 * 512);
      for (const [index, stream] of streams.entries()) {
        pcm.set(stream.subarray(frame * 512, (frame + 3) * 512), index * 3 * 512);
      }
      const streamIds = Int32Array.from({ length: 37 * 3 }, (_, index) => Math.floor(index / 3));
      const { probabilities, batches } = await scorer.score({ streamIds, pcm });
      // Three rounds of 16, 16 and 5 rows.
      expect(batches).toBe(9);
      for (const [index, probability] of probabilities.entries()) {
        together[Math.floor(index / 3)]!.push(probability);
      }
    }
    for (const [index, stream] of streams.entries()) {
      for (const [frame, probability] of (await scoreAlone(stream)).entries()) {
        expect(Math.abs(together[index]![frame]! - probability)).toBeLessThanOrEqual(1e-6);
      }
    }
  });

  test('holds silence and quiet noise for no speech', async () => {
    for (const pcm of [new Float32Array(100 * 512), whiteNoise(200 * 512, -60, 1)]) {
      expect(Math.max(...(await scoreAlone(pcm)))).toBeLessThan(0.3);
    }
  });

  test('takes voiced syllables for speech', async () => {
    const scores = await scoreAlone(voicedSyllables(4 * 16_000, 120));
    expect(Math.max(...scores)).toBeGreaterThan(0.9);
    expect(mean(scores)).toBeGreaterThan(0.5);
  });
});

describe('the detector on its thread', () => {
  let detector: SileroDetector;
  beforeAll(async () => {
    detector = new SileroDetector({ clock: systemClock });
    await detector.prepare(new AbortController().signal);
  });
  afterAll(() => detector.close());

  /** Scores of the whole, given in chunks of 20 ms without waiting. */
  function scoreAll(pcm: Float32Array): Promise<{ probability: number; endSample: number }[]> {
    return new Promise((resolve, reject) => {
      const scores: { probability: number; endSample: number }[] = [];
      const frames = Math.floor(pcm.length / 512);
      const stream = detector.open((score) => {
        scores.push(score);
        if (scores.length < frames) return;
        stream.close();
        resolve(scores);
      }, reject);
      for (let at = 0; at < pcm.length; at += 320) stream.push(pcm.slice(at, at + 320));
    });
  }

  test('30 s given at once are scored whole', async () => {
    const scores = await scoreAll(whiteNoise(30 * 16_000, -60, 7));
    expect(scores.length).toBe(937);
    expect(scores.at(-1)?.endSample).toBe(937 * 512);
    expect(detector.figures()['droppedFrames']).toBe(0);
  });

  test.skipIf(!haveSpeech)('tells real speech from pauses', async () => {
    const pcm = readSpeech();
    const loud: number[] = [];
    const quiet: number[] = [];
    // Two halves: more than 32 s would not fit the queue at once.
    for (const half of [pcm.slice(0, 30 * 16_000), pcm.slice(30 * 16_000, 60 * 16_000)]) {
      for (const { probability, endSample } of await scoreAll(half)) {
        const level = levelDbfs(half.subarray(endSample - 512, endSample));
        if (level > -36) loud.push(probability);
        if (level < -60) quiet.push(probability);
      }
    }
    expect(loud.length).toBeGreaterThan(900);
    expect(quiet.length).toBeGreaterThan(80);
    expect(loud.filter((probability) => probability > 0.5).length / loud.length).toBeGreaterThan(
      0.98,
    );
    expect(quiet.filter((probability) => probability < 0.35).length / quiet.length).toBeGreaterThan(
      0.95,
    );
  });
});

test('weights other than the pinned ones are refused', async () => {
  const detector = new SileroDetector({
    clock: systemClock,
    weightsPath: fileURLToPath(import.meta.url),
  });
  await expect(detector.prepare(new AbortController().signal)).rejects.toMatchObject({
    code: 'detector_failed',
    message: expect.stringContaining('not the expected file') as string,
  });
  await detector.close();
});
