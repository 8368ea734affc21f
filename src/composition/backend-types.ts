import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { env } from 'node:process';
import type { z } from 'zod';
import { hydraBackend, hydraOptions } from '../../adapters/backends/hydra/index.ts';
import { geminiLiveBackend, geminiLiveOptions } from '../../adapters/backends/gemini-live/index.ts';
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
import type { HostedSurroundings, SpeechSurroundings } from '../../adapters/shared/surroundings.ts';
import type { WireFolder } from '../../adapters/shared/wire-folder.ts';
import type { ListenerDeclaration, VoiceDeclaration } from '../ports/agent.ts';
import type { BackendPort } from '../ports/backend.ts';
import { asCallError } from '../ports/errors.ts';
import type { SpeechToTextPort } from '../ports/speech-to-text.ts';
import type { TextToSpeechPort } from '../ports/text-to-speech.ts';
import { pulledModelsFolder } from '../cli/model-download.ts';
import { absentBackend } from '../server/absent-backend.ts';
import type { BackendEntry } from '../server/config.ts';
import { systemClock } from '../time/clock.ts';
import { packageFolder } from './root.ts';
import { cascadeOptions, createCascade, createListener, createVoice } from './speech-types.ts';

/** What backends are made with besides their options. */
export interface BackendSurroundings {
  /** Folder in which the configuration's relative paths start. */
  readonly folder: string;
  /** Takes recordings of connections to upstreams. */
  readonly wires: WireFolder | null;
}

/** A kind of backend: how its options are read, and how it is made. */
interface BackendType {
  readonly options: z.ZodType;
  readonly create: (entry: BackendEntry, surroundings: BackendSurroundings) => BackendPort;
}

const backendTypes: Readonly<Record<string, BackendType>> = {
  cascade: {
    options: cascadeOptions,
    create: (entry, around) =>
      createCascade(entry.name, cascadeOptions.parse(entry.options), {
        stt: ofPart(entry, 'stt', around),
        llm: ofPart(entry, 'llm', around),
        tts: ofPart(entry, 'tts', around),
        chance: Math.random,
      }),
  },
  hydra: {
    options: hydraOptions,
    create: (entry, around) =>
      hydraBackend(entry.name, hydraOptions.parse(entry.options), hosted(entry, around)),
  },
  'gemini-live': {
    options: geminiLiveOptions,
    create: (entry, around) =>
      geminiLiveBackend(entry.name, geminiLiveOptions.parse(entry.options), {
        ...hosted(entry, around),
        chance: Math.random,
      }),
  },
  onnx: {
    options: onnxOptions,
    create: ({ name, options }, { folder }) =>
      createOnnxBackend({
        name,
        options: onnxOptions.parse(options),
        resolvePackage: (nameOrPath) => packageFolder(nameOrPath, folder),
        clock: systemClock,
      }),
  },
  'openai-live': {
    options: openAiLiveOptions,
    create: (entry, around) =>
      openAiLiveBackend(entry.name, openAiLiveOptions.parse(entry.options), hosted(entry, around)),
  },
  'openai-realtime': {
    options: openAiRealtimeOptions,
    create: (entry, around) =>
      openAiRealtimeBackend(
        entry.name,
        openAiRealtimeOptions.parse(entry.options),
        hosted(entry, around),
      ),
  },
  rehearsal: {
    options: rehearsalOptionsSchema,
    create: ({ name, options }, { folder }) =>
      rehearsalBackend(name, rehearsalOptionsSchema.parse(options), {
        readFile: (path) => readFile(resolve(folder, path)),
      }),
  },
};

/** Options schemas of the backend types that this program brings, by type. */
export const backendSchemas: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  Object.entries(backendTypes).map(([type, { options }]) => [type, options]),
);

/** The backend of an entry; one that cannot be made refuses its calls with the reason. */
export function backendOf(entry: BackendEntry, surroundings: BackendSurroundings): BackendPort {
  try {
    const type = backendTypes[entry.type];
    if (type === undefined) throw new RangeError(`no backend type ${entry.type}`);
    return type.create(entry, surroundings);
  } catch (thrown) {
    return absentBackend(entry.name, entry.type, asCallError(thrown, 'model_unavailable'));
  }
}

/** The recogniser that agents have beside their backends. */
export function listenerOf(
  declaration: ListenerDeclaration,
  surroundings: BackendSurroundings,
): SpeechToTextPort {
  const { type } = declaration;
  return createListener(declaration, ofPart({ name: 'beside', type }, 'stt', surroundings));
}

/** The voice of what calls say without a backend. */
export function voiceOf(
  declaration: VoiceDeclaration,
  surroundings: BackendSurroundings,
): TextToSpeechPort {
  const { type } = declaration;
  return createVoice(declaration, ofPart({ name: 'phrases', type }, 'tts', surroundings));
}

/** What hosted backends are made with. */
function hosted(
  { name, type }: BackendEntry,
  { folder, wires }: BackendSurroundings,
): HostedSurroundings {
  return {
    env,
    readText: (path) => readFile(resolve(folder, path), 'utf8'),
    recorder: wires?.recorder(name, type) ?? null,
  };
}

/** What one part of a cascade is made with; its connections are recorded under a name of its own. */
function ofPart(
  { name, type }: Pick<BackendEntry, 'name' | 'type'>,
  part: 'stt' | 'llm' | 'tts',
  { folder, wires }: BackendSurroundings,
): SpeechSurroundings {
  const models = pulledModelsFolder(env);
  return {
    env,
    readText: (path) => readFile(resolve(folder, path), 'utf8'),
    recorder: wires?.recorder(`${name}.${part}`, type) ?? null,
    clock: systemClock,
    resolvePath: (path) => resolve(folder, path),
    pulledModel: (model) => {
      const path = join(models, model);
      return existsSync(path) ? path : null;
    },
  };
}
