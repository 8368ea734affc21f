import { pcm24k, type AudioFormat } from '../../../src/audio/format.ts';

/** How one upstream speaks the protocol: data, so that another one is another row. */
export interface Dialect {
  /** Where it is, unless the configuration says otherwise; `null` where there is no usual place. */
  readonly url: string | null;
  /** How the key travels. */
  readonly keyHeader: 'authorization' | 'api-key';
  /** Event names it uses in place of today's: theirs → today's. */
  readonly renamed: Readonly<Record<string, string>>;
  /** A response carries the metadata it was asked for with. Without: told apart by order. */
  readonly echoesMetadata: boolean;
  readonly truncate: boolean;
  /** Model that transcribes the caller, unless the configuration names one. */
  readonly transcriptionModel: string;
  readonly inputFormats: readonly AudioFormat[];
  readonly outputFormats: readonly AudioFormat[];
  /** Longest session, ms. */
  readonly sessionCapMs: number | null;
}

const g711 = [
  { codec: 'pcmu', rateHz: 8000 },
  { codec: 'pcma', rateHz: 8000 },
] as const satisfies readonly AudioFormat[];

const openai: Dialect = {
  url: 'wss://api.openai.com/v1/realtime',
  keyHeader: 'authorization',
  renamed: {},
  echoesMetadata: true,
  truncate: true,
  transcriptionModel: 'gpt-transcribe',
  inputFormats: [pcm24k, ...g711],
  outputFormats: [pcm24k, ...g711],
  sessionCapMs: 60 * 60_000,
};

/** Names of the dialects, as the configuration writes them. */
export const dialectNames = ['openai', 'azure-openai'] as const;

/** A dialect's name. */
export type DialectName = (typeof dialectNames)[number];

/** Every dialect there is. Differences are those of the vendors' published documentation. */
export const dialects: Readonly<Record<DialectName, Dialect>> = {
  openai,
  'azure-openai': { ...openai, url: null, keyHeader: 'api-key' },
};
