import { pcm16k, pcm24k, type AudioFormat } from '../../../src/audio/format.ts';
import type { RigidSettings } from '../../../src/ports/backend.ts';
import type { Modality } from '../../../src/ports/settings.ts';

/** How one upstream speaks the protocol: data, so that another one is another row. */
export interface Dialect {
  /** Where it is, unless the configuration says otherwise; `null` where there is no usual place. */
  readonly url: string | null;
  /** How the key travels. `basic`: the key as it is, after `Basic`. */
  readonly key: 'bearer' | 'basic' | 'api-key';
  /** Query parameters of its own. */
  readonly query: Readonly<Record<string, string>>;
  /** Events on which it takes its settings, whichever comes first. */
  readonly configurableOn: readonly ('session.created' | 'conversation.created')[];
  /**
   * Where settings stand and how formats are written. `ga`: everything below `audio`, formats as
   * objects. `mixed`: formats there, voice and `turn_detection` on top. `flat`: everything on top,
   * formats as words (`pcm16`), as in the protocol's beta.
   */
  readonly settings: 'ga' | 'mixed' | 'flat';
  /** Names it gives to events in place of today's: theirs → today's. */
  readonly renamed: Readonly<Record<string, string>>;
  /** What it calls turns judged by meaning; `null`: it has no such detection. */
  readonly semanticDetection: string | null;
  /** Voices that are not OpenAI's are named by an object with this type. */
  readonly otherVoices: string | null;
  /** A response carries the metadata it was asked for with. Without: told apart by order. */
  readonly echoesMetadata: boolean;
  readonly truncate: boolean;
  /** Responses outside the conversation. */
  readonly outOfBand: boolean;
  readonly modalities: readonly Modality[];
  /** It reaches MCP servers and runs their tools. */
  readonly runsMcp: boolean;
  /** Settings that cannot be sent to it. */
  readonly rigid: RigidSettings | null;
  /** Model that transcribes the caller, unless the configuration names one; `null`: it has its own. */
  readonly transcriptionModel: string | null;
  readonly inputFormats: readonly AudioFormat[];
  readonly outputFormats: readonly AudioFormat[];
  /** Longest session, ms; the session is moved to another connection before. */
  readonly sessionCapMs: number | null;
}

const g711 = [
  { codec: 'pcmu', rateHz: 8000 },
  { codec: 'pcma', rateHz: 8000 },
] as const satisfies readonly AudioFormat[];

const openai: Dialect = {
  url: 'wss://api.openai.com/v1/realtime',
  key: 'bearer',
  query: {},
  configurableOn: ['session.created'],
  settings: 'ga',
  renamed: {},
  semanticDetection: 'semantic_vad',
  otherVoices: null,
  echoesMetadata: true,
  truncate: true,
  outOfBand: true,
  modalities: ['audio', 'text'],
  runsMcp: true,
  rigid: null,
  transcriptionModel: 'gpt-transcribe',
  inputFormats: [pcm24k, ...g711],
  outputFormats: [pcm24k, ...g711],
  sessionCapMs: 60 * 60_000,
};

/** Names of the protocol before it was generally available, and what they are called now. */
const betaNames = {
  'response.audio.delta': 'response.output_audio.delta',
  'response.audio.done': 'response.output_audio.done',
  'response.audio_transcript.delta': 'response.output_audio_transcript.delta',
  'response.audio_transcript.done': 'response.output_audio_transcript.done',
  'response.text.delta': 'response.output_text.delta',
  'response.text.done': 'response.output_text.done',
  'conversation.item.created': 'conversation.item.added',
} as const;

/** A server of one's own: nothing is promised that its pages do not name. */
const local: Dialect = {
  ...openai,
  url: null,
  semanticDetection: null,
  echoesMetadata: false,
  truncate: false,
  outOfBand: false,
  runsMcp: false,
  transcriptionModel: null,
  inputFormats: [pcm24k],
  outputFormats: [pcm24k],
  sessionCapMs: null,
};

/** Names of the dialects, as the configuration writes them. */
export const dialectNames = [
  'openai',
  'azure-openai',
  'xai',
  'inworld',
  'azure-voice-live',
  'speaches',
  'localai',
  'vllm-omni',
  'hf-speech-to-speech',
] as const;

/** A dialect's name. */
export type DialectName = (typeof dialectNames)[number];

/**
 * Every dialect there is. Differences are those of the vendors' and projects' published pages and
 * clients (November 2026); none was tried against the vendor itself.
 */
export const dialects: Readonly<Record<DialectName, Dialect>> = {
  openai,
  'azure-openai': { ...openai, url: null, key: 'api-key' },
  xai: {
    ...openai,
    url: 'wss://api.x.ai/v1/realtime',
    configurableOn: ['session.created', 'conversation.created'],
    settings: 'mixed',
    renamed: {
      'response.text.delta': 'response.output_text.delta',
      'response.text.done': 'response.output_text.done',
    },
    semanticDetection: null,
    echoesMetadata: false,
    outOfBand: false,
    modalities: ['audio'],
    runsMcp: false,
    rigid: { afterStart: [], always: ['toolChoice', 'maxOutputTokens'], perLine: true },
    transcriptionModel: 'grok-transcribe',
  },
  inworld: {
    ...openai,
    url: 'wss://api.inworld.ai/api/v1/realtime/session',
    key: 'basic',
    query: { protocol: 'realtime' },
    echoesMetadata: false,
    outOfBand: false,
    runsMcp: false,
    transcriptionModel: null,
    inputFormats: [pcm24k],
    outputFormats: [pcm24k],
    sessionCapMs: null,
  },
  'azure-voice-live': {
    ...openai,
    url: null,
    key: 'api-key',
    query: { 'api-version': '2026-07-15' },
    settings: 'flat',
    renamed: betaNames,
    semanticDetection: 'azure_semantic_vad',
    otherVoices: 'azure-standard',
    echoesMetadata: false,
    outOfBand: false,
    transcriptionModel: 'azure-speech',
    inputFormats: [pcm24k],
    sessionCapMs: null,
  },
  speaches: { ...local, settings: 'flat', renamed: betaNames },
  localai: { ...local },
  'vllm-omni': { ...local, query: { duplex: '0' }, inputFormats: [pcm16k] },
  'hf-speech-to-speech': { ...local },
};

/** What a dialect calls an event that is called this today. */
export function dialectName(dialect: Dialect, name: string): string {
  const renamed = Object.entries(dialect.renamed).find(([, today]) => today === name);
  return renamed?.[0] ?? name;
}
