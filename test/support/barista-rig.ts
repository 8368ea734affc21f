import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { FrameOutput } from '../../adapters/inference/frame-output.ts';
import { FrameLoop } from '../../adapters/inference/frame-loop.ts';
import { openGraphs, type Graph } from '../../adapters/inference/graph.ts';
import { readModelPackage, readVocabulary } from '../../adapters/inference/model-package.ts';
import { arrayTypes, type TensorValue } from '../../adapters/inference/tensor.ts';
import { speechFixture } from './parrot-rig.ts';

export const baristaFolder = fileURLToPath(new URL('../../models/barista', import.meta.url));
export const baristaPackage = readModelPackage(baristaFolder);

/** Samples of a frame: 80 ms at 16 kHz, in and out. */
export const frameSamples = 1280;

/** What PyTorch made of the golden sound, frame by frame; `export_check.py` wrote it. */
interface Golden {
  readonly speech: readonly string[];
  readonly frames: readonly {
    readonly mark: number;
    readonly call: number;
    readonly order: readonly number[];
    readonly text: readonly number[];
    /** RMS of the frame, 0–1. */
    readonly level: number;
    /** Means of the ears' last three states. */
    readonly ears: readonly number[];
  }[];
}

export function readGolden(): Golden {
  return JSON.parse(readFileSync(join(baristaFolder, 'golden.json'), 'utf8')) as Golden;
}

/** The golden sound: 24 kHz speech taken for 16 kHz, in as many frames as there are results. */
export function goldenFrames({ speech, frames }: Golden): Int16Array[] {
  const whole = new Int16Array(frames.length * frameSamples);
  let at = 0;
  for (const name of speech) {
    const samples = speechFixture(name).subarray(0, whole.length - at);
    whole.set(samples, at);
    at += samples.length;
  }
  return frames.map((_, i) => whole.slice(i * frameSamples, (i + 1) * frameSamples));
}

/** The package in a loop of its own, without a thread. */
export async function openBaristaLoop(): Promise<FrameLoop> {
  const graphs = await openGraphs(baristaPackage);
  return new FrameLoop(baristaPackage.manifest, graphs, await readVocabulary(baristaPackage));
}

/** One call on the bare graph: every output of every frame. */
export async function runGraph(
  graph: Graph,
  frames: readonly Int16Array[],
): Promise<Record<string, TensorValue>[]> {
  const { states } = graph.manifest;
  let feeds: Record<string, TensorValue> = Object.fromEntries(
    states.map(({ input, dtype, shape }) => {
      const sizes = [1, ...shape.slice(1).map(Number)];
      const data = new arrayTypes[dtype](sizes.reduce((product, size) => product * size, 1));
      return [input, { dtype, shape: sizes, data }];
    }),
  );
  const results: Record<string, TensorValue>[] = [];
  for (const [t, pcm] of frames.entries()) {
    const audio = Float32Array.from(pcm, (sample) => sample / 32_768);
    const result = await graph.run({
      ...feeds,
      audio: { dtype: 'float32', shape: [1, frameSamples], data: audio },
      exec: { dtype: 'bool', shape: [1], data: Uint8Array.of(1) },
      reset: { dtype: 'bool', shape: [1], data: Uint8Array.of(t === 0 ? 1 : 0) },
      tool_result: { dtype: 'int32', shape: [1], data: Int32Array.of(0) },
    });
    results.push(result);
    feeds = Object.fromEntries(states.map(({ input, output }) => [input, result[output]!]));
  }
  return results;
}

/** What one row said with a frame. */
export interface Said {
  readonly pcm: Int16Array;
  readonly output: FrameOutput | null;
}
