import { statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { openGraphs } from '../../../adapters/inference/graph.ts';
import { verifyFiles } from '../../../adapters/inference/model-package.ts';
import {
  baristaFolder,
  baristaPackage,
  frameSamples,
  goldenFrames,
  openBaristaLoop,
  readGolden,
  runGraph,
  type Said,
} from '../../support/barista-rig.ts';

const golden = readGolden();
const frames = goldenFrames(golden);

function numbers(data: ArrayLike<number | bigint>): number[] {
  return Array.from(data, Number);
}

describe('the package barista', () => {
  test('has every file as its manifest says, 25 MB at most', async () => {
    await verifyFiles(baristaPackage);
    const bytes = readdirSync(baristaFolder)
      .filter((name) => /\.(?:onnx|bin|json)$/.test(name))
      .map((name) => statSync(join(baristaFolder, name)).size);
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(25e6);
  });

  test('computes what PyTorch computed', async () => {
    const [graph] = await openGraphs(baristaPackage);
    const results = await runGraph(graph!, frames);
    const ears = graph!.manifest.states.slice(4, 7).map(({ output }) => output);
    for (const [t, wanted] of golden.frames.entries()) {
      const result = results[t]!;
      const made = (name: string): number[] => numbers(result[name]!.data);
      expect([t, made('mark')[0], made('call')[0]]).toEqual([t, wanted.mark, wanted.call]);
      expect(made('order')).toEqual(wanted.order);
      expect(made('text')).toEqual(wanted.text);
      const level = Math.hypot(...made('speech')) / Math.sqrt(frameSamples);
      expect(Math.abs(level - wanted.level)).toBeLessThan(1e-3);
      for (const [i, name] of ears.entries()) {
        const mean = made(name).reduce((sum, each) => sum + each, 0) / made(name).length;
        expect(Math.abs(mean - wanted.ears[i]!)).toBeLessThan(1e-3);
      }
    }
  });

  test('greets whoever says nothing, with words where they are heard', async () => {
    const loop = await openBaristaLoop();
    const words: { text: string; startMs: number; endMs: number }[] = [];
    for (let t = 0; t < 45; t += 1) {
      const { outputs } = await loop.step([{ slot: 0, pcm: new Int16Array(frameSamples) }]);
      for (const { text, startSample, endSample } of outputs[0]?.words ?? []) {
        words.push({ text, startMs: t * 80 + startSample / 16, endMs: t * 80 + endSample / 16 });
      }
    }
    expect(words.map(({ text }) => text).join(' ')).toBe('Hello! What can I get for you?');
    for (const [i, { startMs, endMs }] of words.entries()) {
      expect(endMs).toBeGreaterThan(startMs);
      expect(startMs).toBeGreaterThanOrEqual(words[i - 1]?.endMs ?? 0);
    }
  });

  test('gives every call what it would get alone, whoever joins or leaves', async () => {
    const alone = await conversation(await openBaristaLoop(), 0);
    const loop = await openBaristaLoop();
    // The same caller at different times, in rows apart; one row is left and taken again.
    const late = 25;
    const together: Said[] = [];
    const joined: Said[] = [];
    for (const [t, pcm] of frames.entries()) {
      const rows = [{ slot: 3, pcm }];
      if (t >= late) rows.push({ slot: 9, pcm: frames[t - late]! });
      if (t % 3 !== 0) rows.push({ slot: 6, pcm: frames[(t * 7) % frames.length]! });
      const { pcm: sound, outputs } = await loop.step(rows);
      const said = rows.map((_, i) => ({
        pcm: sound.slice(i * frameSamples, (i + 1) * frameSamples),
        output: outputs[i] ?? null,
      }));
      together.push(said[0]!);
      if (t >= late) joined.push(said[1]!);
      if (t % 20 === 19) loop.leave(6);
    }
    expect(together).toEqual(alone);
    expect(joined).toEqual(alone.slice(0, joined.length));
  });
});

async function conversation(
  loop: Awaited<ReturnType<typeof openBaristaLoop>>,
  slot: number,
): Promise<Said[]> {
  const said: Said[] = [];
  for (const pcm of frames) {
    const { pcm: sound, outputs } = await loop.step([{ slot, pcm }]);
    said.push({ pcm: sound, output: outputs[0] ?? null });
  }
  return said;
}
