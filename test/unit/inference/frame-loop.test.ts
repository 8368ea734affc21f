import { describe, expect, test } from 'vitest';

import { FrameLoop } from '../../../adapters/inference/frame-loop.ts';
import type { Graph } from '../../../adapters/inference/graph.ts';
import { packageManifest, type PackageManifest } from '../../../adapters/inference/manifest.ts';
import type { TensorValue } from '../../../adapters/inference/tensor.ts';

/** A package of two graphs: the first adds up what a call said, the second says the sum. */
function manifestOf(mode: 'append' | 'ring'): PackageManifest {
  return packageManifest.parse({
    schema: 'parley-package/1',
    id: 'adder',
    description: '',
    license: 'Apache-2.0',
    loop: 'frame',
    clock: { frameMs: 10, inputRateHz: 8000, outputRateHz: 8000 },
    batch: { axis: 'B', maxRows: 4 },
    graphs: [
      {
        file: 'sum.onnx',
        sha256: '0'.repeat(64),
        inputs: [
          { name: 'audio', source: 'audio', dtype: 'float32', shape: ['B', 80] },
          { name: 'reset', source: 'reset', dtype: 'bool', shape: ['B'] },
          { name: 'exec', source: 'exec', dtype: 'bool', shape: ['B'] },
        ],
        outputs: [
          { name: 'sum', sink: 'value', value: 'sum', dtype: 'float32', shape: ['B', 1] },
          { name: 'words', sink: 'text', dtype: 'int32', shape: ['B', 2] },
        ],
        states: [
          {
            mode: 'replace',
            input: 'total',
            output: 'totalNext',
            dtype: 'float32',
            shape: ['B', 1],
          },
          {
            mode,
            input: 'past',
            output: 'now',
            position: 'at',
            dtype: 'float32',
            shape: ['B', 3, 1],
          },
        ],
      },
      {
        file: 'say.onnx',
        sha256: '0'.repeat(64),
        inputs: [{ name: 'sum', source: 'value', value: 'sum', dtype: 'float32', shape: ['B', 1] }],
        outputs: [
          { name: 'speech', sink: 'audio', dtype: 'float32', shape: ['B', 80] },
          { name: 'mark', sink: 'events', dtype: 'int32', shape: ['B'] },
        ],
        states: [],
      },
    ],
    streams: {
      events: { marks: [null, 'speech_started'] },
      text: { vocabulary: { file: 'words.json', sha256: '0'.repeat(64) }, silent: [0] },
    },
  });
}

type Feeds = Readonly<Record<string, TensorValue>>;

/** Both graphs in plain code, with everything they were fed kept for the test to look at. */
function graphsOf(manifest: PackageManifest): { graphs: Graph[]; fed: Record<string, number[]>[] } {
  const fed: Record<string, number[]>[] = [];
  const numbers = ({ data }: TensorValue): number[] => Array.from(data, Number);
  const float = (values: number[], ...shape: number[]): TensorValue => ({
    dtype: 'float32',
    shape: [values.length, ...shape],
    data: Float32Array.from(values),
  });
  const run = [
    (feeds: Feeds): Record<string, TensorValue> => {
      const rows = feeds['audio']!.shape[0]!;
      const first = Array.from({ length: rows }, (_, row) =>
        Number(feeds['audio']!.data[row * 80]),
      );
      const total = numbers(feeds['total']!).map((value, row) => value + first[row]!);
      const words = total.flatMap((value) => [0, value > 0.5 ? 2 : 1]);
      fed.push(
        Object.fromEntries(
          ['reset', 'exec', 'at', 'past'].map((name) => [name, numbers(feeds[name]!)]),
        ),
      );
      return {
        sum: float(total, 1),
        words: { dtype: 'int32', shape: [rows, 2], data: Int32Array.from(words) },
        totalNext: float(total, 1),
        now: float(first, 1),
      };
    },
    (feeds: Feeds): Record<string, TensorValue> => {
      const sums = numbers(feeds['sum']!);
      const speech = sums.flatMap((sum) => Array.from({ length: 80 }, () => sum));
      return {
        speech: { dtype: 'float32', shape: [sums.length, 80], data: Float32Array.from(speech) },
        mark: { dtype: 'int32', shape: [sums.length], data: new Int32Array(sums.length).fill(1) },
      };
    },
  ];
  const graphs = manifest.graphs.map((graph, i) => ({
    manifest: graph,
    run: (feeds: Feeds) => Promise.resolve(run[i]!(feeds)),
    release: () => Promise.resolve(),
  }));
  return { graphs, fed };
}

const frame = (slot: number, value: number): { slot: number; pcm: Int16Array } => ({
  slot,
  pcm: new Int16Array(80).fill(value),
});

function open(mode: 'append' | 'ring' = 'ring'): {
  loop: FrameLoop;
  fed: Record<string, number[]>[];
} {
  const manifest = manifestOf(mode);
  const { graphs, fed } = graphsOf(manifest);
  return { loop: new FrameLoop(manifest, graphs, ['', 'low', 'high']), fed };
}

describe('a step', () => {
  test('runs all its rows as one batch, over the span in which they lie', async () => {
    const { loop, fed } = open();
    const { pcm } = await loop.step([frame(3, 30), frame(1, 10)]);
    expect(fed).toHaveLength(1);
    expect(fed[0]).toMatchObject({ exec: [1, 0, 1], reset: [1, 0, 1], at: [0, 0, 0] });
    // In the order of the frames, not of the rows.
    expect([pcm[0], pcm[79], pcm[80], pcm[159]]).toEqual([30, 30, 10, 10]);
  });

  test('carries state from frame to frame for rows that ran, and keeps that of others', async () => {
    const { loop, fed } = open();
    await loop.step([frame(0, 100), frame(1, 1000), frame(2, 5)]);
    await loop.step([frame(0, 20), frame(2, 5)]);
    const { pcm } = await loop.step([frame(1, 3)]);
    expect(pcm[0]).toBe(1003);
    expect(fed[1]).toMatchObject({ exec: [1, 0, 1], reset: [0, 0, 0], at: [1, 1, 1] });
    expect(fed[2]).toMatchObject({ exec: [1], reset: [0], at: [1] });
  });

  test('gives the words of the text stream and the marks of the events', async () => {
    const { loop } = open();
    const { outputs } = await loop.step([frame(0, 1000), frame(1, 20_000)]);
    expect(outputs.map((output) => output?.text)).toEqual(['low', 'high']);
    expect(outputs.map((output) => output?.mark)).toEqual(['speech_started', 'speech_started']);
  });

  test('clamps what is louder than full scale', async () => {
    const { loop } = open();
    await loop.step([frame(0, 32_767), frame(1, -32_768)]);
    const { pcm } = await loop.step([frame(0, 32_767), frame(1, -32_768)]);
    expect([pcm[0], pcm[80]]).toEqual([32_767, -32_768]);
  });

  test('writes the new row of a ring where the oldest was', async () => {
    const { loop, fed } = open('ring');
    for (const value of [32, 64, 128, 256, 512]) await loop.step([frame(1, value)]);
    expect(fed[4]!['past']).toEqual([256, 64, 128].map((value) => value / 32_768));
    expect(fed[4]!['at']).toEqual([4]);
  });

  test('does not run a row whose append state is full, and says so', async () => {
    const { loop } = open('append');
    for (let i = 0; i < 3; i += 1) await loop.step([frame(0, 1)]);
    const { full, pcm } = await loop.step([frame(0, 1), frame(1, 7)]);
    expect(full).toEqual([true, false]);
    expect([pcm[0], pcm[80]]).toEqual([0, 7]);
  });

  test('refuses a row twice, a row that does not exist, and a frame of another length', async () => {
    const { loop } = open();
    await expect(loop.step([frame(0, 1), frame(0, 1)])).rejects.toThrow(RangeError);
    await expect(loop.step([frame(4, 1)])).rejects.toThrow('there is no row 4');
    await expect(loop.step([{ slot: 0, pcm: new Int16Array(79) }])).rejects.toThrow(RangeError);
  });

  test('fails when a graph returns another shape than it declared', async () => {
    const manifest = manifestOf('ring');
    const { graphs } = graphsOf(manifest);
    const wrong: Graph = {
      ...graphs[1]!,
      run: () =>
        Promise.resolve({
          speech: { dtype: 'float32', shape: [1, 79], data: new Float32Array(79) },
        }),
    };
    const loop = new FrameLoop(manifest, [graphs[0]!, wrong]);
    await expect(loop.step([frame(0, 1)])).rejects.toThrow('output speech is [1,79], not [1,80]');
  });
});

describe('a row', () => {
  test('that was left and is taken again starts with reset and with zeros', async () => {
    const { loop, fed } = open();
    await loop.step([frame(2, 400)]);
    loop.leave(2);
    const { pcm } = await loop.step([frame(2, 8)]);
    expect(pcm[0]).toBe(8);
    expect(fed[1]).toMatchObject({ reset: [1], at: [0], past: [0, 0, 0] });
  });

  test('is untouched by warming up', async () => {
    const { loop } = open();
    await loop.step([frame(0, 100)]);
    await loop.warmUp();
    const { pcm } = await loop.step([frame(0, 1)]);
    expect(pcm[0]).toBe(101);
  });
});
