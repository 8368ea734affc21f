import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the porter does in one scenario. */
export interface PorterOptions {
  /** The tool it asks for when the caller has finished. */
  readonly asks: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
  /** What it says: that it waits, that it still does, what it found, and from then on. */
  readonly says: readonly [string, string, string, string];
}

/** A model package in a folder of its own. */
export interface PorterPackage {
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

const graphFile = fileURLToPath(new URL('porter.onnx', import.meta.url));
/** The graph has so many slots, each always of its first value. */
const slotCount = 2;

/** Writes a package around porter.onnx: a model that listens and speaks at once and calls one tool. */
export async function writePorterPackage({ asks, says }: PorterOptions): Promise<PorterPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-porter-'));
  const words = JSON.stringify(['', ...says.map((text) => ` ${text}`)]);
  await writeFile(join(folder, 'words.json'), words);
  await copyFile(graphFile, join(folder, 'porter.onnx'));
  const manifest = manifestOf(asks, words);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

function manifestOf(asks: PorterOptions['asks'], words: string): object {
  const given = Object.entries(asks.arguments).map(([name, value]) => ({ name, values: [value] }));
  const unused = Array.from({ length: slotCount - given.length }, (_, place) => ({
    name: `unused${place}`,
    values: ['unused'],
  }));
  const row = (name: string, more: object, ...rest: readonly number[]): object => ({
    name,
    ...more,
    dtype: 'int32',
    shape: ['B', ...rest],
  });
  const sound = { dtype: 'float32', shape: ['B', 1280] };
  return {
    schema: 'parley-package/2',
    id: 'porter',
    description: 'A stand-in that asks for one tool.',
    license: 'Apache-2.0',
    loop: 'frame',
    clock: { frameMs: 80, inputRateHz: 16_000, outputRateHz: 16_000 },
    batch: { axis: 'B', maxRows: 4 },
    graphs: [
      {
        file: 'porter.onnx',
        sha256: sha256(readFileSync(graphFile)),
        inputs: [
          { name: 'audio', source: 'audio', ...sound },
          { name: 'reset', source: 'reset', dtype: 'bool', shape: ['B'] },
          row('tool_result', { source: 'tool_result' }),
        ],
        outputs: [
          { name: 'speech', sink: 'audio', ...sound },
          row('mark', { sink: 'events' }),
          row('call', { sink: 'calls' }),
          row('slots', { sink: 'slots' }, slotCount),
          row('text', { sink: 'text' }, 1),
          row('word_times', { sink: 'word_times' }, 1, 2),
        ],
        states: [
          {
            mode: 'replace',
            input: 'control',
            output: 'control_next',
            dtype: 'int32',
            shape: ['B', 8],
          },
        ],
      },
    ],
    streams: {
      events: { marks: [null, 'speech_started', 'speech_ended', 'yielded'] },
      text: { vocabulary: { file: 'words.json', sha256: sha256(words) }, silent: [0] },
      slots: [...given, ...unused],
      tools: {
        calls: [null, { name: asks.name, arguments: given.map(({ name }) => name) }],
        results: [null, 'answered', 'failed'],
      },
    },
  };
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
