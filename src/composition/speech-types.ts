import { z } from 'zod';
import { anthropicLlm, anthropicLlmOptions } from '../../adapters/speech/llm/anthropic/index.ts';
import { googleLlm, googleLlmOptions } from '../../adapters/speech/llm/google/index.ts';
import {
  openAiCompatibleLlm,
  openAiCompatibleLlmOptions,
  openAiLlm,
  openAiLlmOptions,
} from '../../adapters/speech/llm/openai-compatible/index.ts';
import { rehearsedLlm, rehearsedLlmOptions } from '../../adapters/speech/llm/rehearsed/index.ts';
import { fliteTts, fliteTtsOptions } from '../../adapters/speech/local/flite/index.ts';
import {
  heardBeforeStt,
  heardBeforeSttOptions,
} from '../../adapters/speech/local/heard-before/index.ts';
import { sherpaStt, sherpaSttOptions } from '../../adapters/speech/local/sherpa-stt/index.ts';
import { sherpaTts, sherpaTtsOptions } from '../../adapters/speech/local/sherpa-tts/index.ts';
import { deepgramStt, deepgramSttOptions } from '../../adapters/speech/stt/deepgram/index.ts';
import {
  openAiTranscriptionOptions,
  openAiTranscriptionStt,
} from '../../adapters/speech/stt/openai-transcription/index.ts';
import {
  smallestPulseOptions,
  smallestPulseStt,
} from '../../adapters/speech/stt/smallest-pulse/index.ts';
import {
  whisperHttpOptions,
  whisperHttpStt,
} from '../../adapters/speech/stt/whisper-http/index.ts';
import { cartesiaTts, cartesiaTtsOptions } from '../../adapters/speech/tts/cartesia/index.ts';
import { deepgramTts, deepgramTtsOptions } from '../../adapters/speech/tts/deepgram/index.ts';
import { elevenLabsTts, elevenLabsTtsOptions } from '../../adapters/speech/tts/elevenlabs/index.ts';
import {
  openAiSpeechTts,
  openAiSpeechTtsOptions,
} from '../../adapters/speech/tts/openai-speech/index.ts';
import {
  smallestLightningTts,
  smallestLightningTtsOptions,
} from '../../adapters/speech/tts/smallest-lightning/index.ts';
import {
  cascadeBackend,
  cascadeSettings,
  type CascadeHost,
} from '../../adapters/backends/cascade/index.ts';
import type { SpeechSurroundings } from '../../adapters/shared/surroundings.ts';
import type { ListenerDeclaration, VoiceDeclaration } from '../ports/agent.ts';
import type { BackendPort } from '../ports/backend.ts';
import type { LanguageModelPort } from '../ports/language-model.ts';
import type { SpeechToTextPort } from '../ports/speech-to-text.ts';
import type { TextToSpeechPort } from '../ports/text-to-speech.ts';

/** A kind of part: how its options are read, and how it is made of them. */
interface PartType<Port> {
  readonly options: z.ZodObject;
  readonly create: (options: unknown, surroundings: SpeechSurroundings) => Port;
}

type PartTypes<Port> = Readonly<Record<string, PartType<Port>>>;

function part<Options extends z.ZodObject, Port>(
  options: Options,
  create: (options: z.output<Options>, surroundings: SpeechSurroundings) => Port,
): PartType<Port> {
  return { options, create: (given, surroundings) => create(options.parse(given), surroundings) };
}

const sttTypes: PartTypes<SpeechToTextPort> = {
  deepgram: part(deepgramSttOptions, deepgramStt),
  'heard-before': part(heardBeforeSttOptions, heardBeforeStt),
  'openai-transcription': part(openAiTranscriptionOptions, openAiTranscriptionStt),
  sherpa: part(sherpaSttOptions, sherpaStt),
  'smallest-pulse': part(smallestPulseOptions, smallestPulseStt),
  'whisper-http': part(whisperHttpOptions, whisperHttpStt),
};

const llmTypes: PartTypes<LanguageModelPort> = {
  anthropic: part(anthropicLlmOptions, anthropicLlm),
  google: part(googleLlmOptions, googleLlm),
  openai: part(openAiLlmOptions, openAiLlm),
  'openai-compatible': part(openAiCompatibleLlmOptions, openAiCompatibleLlm),
  rehearsed: part(rehearsedLlmOptions, rehearsedLlm),
};

const ttsTypes: PartTypes<TextToSpeechPort> = {
  cartesia: part(cartesiaTtsOptions, cartesiaTts),
  deepgram: part(deepgramTtsOptions, deepgramTts),
  elevenlabs: part(elevenLabsTtsOptions, elevenLabsTts),
  flite: part(fliteTtsOptions, fliteTts),
  'openai-speech': part(openAiSpeechTtsOptions, openAiSpeechTts),
  sherpa: part(sherpaTtsOptions, sherpaTts),
  'smallest-lightning': part(smallestLightningTtsOptions, smallestLightningTts),
};

/** Which part, by its `type`; the rest is that part's own. */
function oneOf(types: PartTypes<unknown>): z.ZodType<PartEntry> {
  const choices = Object.entries(types).map(([type, { options }]) =>
    options.safeExtend({ type: z.literal(type) }),
  );
  const [first, ...others] = choices;
  if (first === undefined) throw new RangeError('a cascade has at least one type of each part');
  return z.discriminatedUnion('type', [first, ...others]) as unknown as z.ZodType<PartEntry>;
}

/** A part as configured, its type beside its options. */
interface PartEntry {
  readonly type: string;
}

/** A `cascade` backend in the configuration: three parts, and what holds them together. */
export const cascadeOptions = z.strictObject({
  stt: oneOf(sttTypes),
  llm: oneOf(llmTypes),
  tts: oneOf(ttsTypes),
  ...cascadeSettings.shape,
});

/** What each part of a cascade is made with. */
export interface CascadeSurroundings extends CascadeHost {
  readonly stt: SpeechSurroundings;
  readonly llm: SpeechSurroundings;
  readonly tts: SpeechSurroundings;
}

/**
 * @param name its name in the configuration
 * @throws CallError `model_unavailable` where a part cannot be made
 */
export function createCascade(
  name: string,
  options: z.output<typeof cascadeOptions>,
  { stt, llm, tts, chance }: CascadeSurroundings,
): BackendPort {
  const { stt: listener, llm: model, tts: voice, ...settings } = options;
  const parts = {
    stt: made(sttTypes, listener, stt),
    llm: made(llmTypes, model, llm),
    tts: made(ttsTypes, voice, tts),
  };
  return cascadeBackend(name, settings, parts, { chance });
}

/**
 * The recogniser beside an agent's backends.
 *
 * @throws CallError `model_unavailable` where it cannot be made
 */
export function createListener(
  { type, options }: ListenerDeclaration,
  surroundings: SpeechSurroundings,
): SpeechToTextPort {
  return made(sttTypes, { type, ...(options as object) }, surroundings);
}

/**
 * The voice of what calls say without a backend.
 *
 * @throws CallError `model_unavailable` where it cannot be made
 */
export function createVoice(
  { type, options }: VoiceDeclaration,
  surroundings: SpeechSurroundings,
): TextToSpeechPort {
  return made(ttsTypes, { type, ...(options as object) }, surroundings);
}

function made<Port>(
  types: PartTypes<Port>,
  { type, ...options }: PartEntry,
  surroundings: SpeechSurroundings,
): Port {
  const found = types[type];
  if (found === undefined) throw new RangeError(`no part of type ${type}`);
  return found.create(options, surroundings);
}
