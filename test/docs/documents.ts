import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { geminiLiveBackend, geminiLiveOptions } from '../../adapters/backends/gemini-live/index.ts';
import { hydraBackend, hydraOptions } from '../../adapters/backends/hydra/index.ts';
import { createOnnxBackend, onnxOptions } from '../../adapters/backends/onnx/index.ts';
import { openAiLiveBackend, openAiLiveOptions } from '../../adapters/backends/openai-live/index.ts';
import {
  openAiRealtimeBackend,
  openAiRealtimeOptions,
} from '../../adapters/backends/openai-realtime/index.ts';
import {
  rehearsalBackend,
  rehearsalOptionsSchema,
} from '../../adapters/backends/rehearsal/index.ts';
import { cascadeOptions, createCascade } from '../../src/composition/speech-types.ts';
import { systemClock } from '../../src/time/clock.ts';
import { capabilityTable, withTable, type CapabilityColumn } from './capability-table.ts';
import { pairTable } from './pair-table.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const nothingToRead = {
  env: {},
  readText: (path: string) => Promise.reject(new Error(`${path} is not to be read here`)),
};

/** A part of a cascade is not used here either. */
const part = {
  ...nothingToRead,
  recorder: null,
  clock: systemClock,
  resolvePath: (path: string) => path,
  pulledModel: () => null,
};

/** Documents that show tables between marks. */
const documents = ['docs/backends.md', 'README.md'];

/** Every backend as it is without options of its own. */
export const columns: readonly CapabilityColumn[] = [
  {
    title: 'onnx',
    capabilities: createOnnxBackend({
      name: 'onnx',
      options: onnxOptions.parse({ package: 'parrot' }),
      resolvePackage: (name) => `${root}models/${name}`,
      clock: systemClock,
    }).capabilities,
  },
  {
    title: 'rehearsal',
    capabilities: rehearsalBackend('rehearsal', rehearsalOptionsSchema.parse({}), {
      readFile: (path) => Promise.reject(new Error(`${path} is not to be read here`)),
    }).capabilities,
  },
  {
    title: 'openai-realtime',
    capabilities: openAiRealtimeBackend(
      'openai',
      openAiRealtimeOptions.parse({ model: 'gpt-realtime-2.1' }),
      nothingToRead,
    ).capabilities,
  },
  {
    title: 'openai-live',
    capabilities: openAiLiveBackend('live', openAiLiveOptions.parse({}), nothingToRead)
      .capabilities,
  },
  {
    title: 'gemini-live',
    capabilities: geminiLiveBackend(
      'gemini',
      geminiLiveOptions.parse({ model: 'gemini-3.8-live' }),
      { ...nothingToRead, chance: () => 0 },
    ).capabilities,
  },
  {
    title: 'hydra',
    capabilities: hydraBackend('hydra', hydraOptions.parse({}), nothingToRead).capabilities,
  },
  {
    title: 'cascade',
    capabilities: createCascade(
      'cascade',
      cascadeOptions.parse({
        stt: { type: 'deepgram', model: 'flux-general-en' },
        llm: { type: 'openai-compatible', baseUrl: 'http://127.0.0.1:8000/v1', model: 'any' },
        tts: { type: 'openai-speech' },
      }),
      { stt: part, llm: part, tts: part, chance: () => 0 },
    ).capabilities,
  },
];

/** A document as it is, and as it is to be; those without marks are left out. */
export async function documentsWithTable(): Promise<
  readonly { readonly path: string; readonly is: string; readonly shouldBe: string }[]
> {
  const tables = { capabilities: capabilityTable(columns), pairs: pairTable(columns) };
  const all = documents.map(async (name) => {
    const path = `${root}${name}`;
    const is = readFileSync(path, 'utf8');
    let text = is;
    for (const [mark, table] of Object.entries(tables)) text = withTable(text, table, mark) ?? text;
    if (text === is && !is.includes('written by `npm run docs`')) return [];
    const style = await resolveConfig(path);
    return [{ path, is, shouldBe: await format(text, { ...style, parser: 'markdown' }) }];
  });
  return (await Promise.all(all)).flat();
}
