import { z } from 'zod';

/** Where a voice's server is: everything before its path, without anything that authenticates. */
export const voiceUrl = z.url({ protocol: /^wss?$/ }).refine(
  (text) => {
    if (!URL.canParse(text)) return false;
    const { username, password, search } = new URL(text);
    return username === '' && password === '' && search === '';
  },
  { error: 'must carry no user, password or query: use apiKeyEnv or apiKeyFile' },
);

/**
 * What every voice over a WebSocket takes. The key is named, never written: by the environment
 * variable `apiKeyEnv` or the file `apiKeyFile`; with neither, none is sent.
 *
 * `connectTimeoutMs` bounds one attempt to connect, ms; `firstAudioTimeoutMs` the time from text that
 * is to be spoken to its first audio, and `stallTimeoutMs` a pause of the upstream after the last text,
 * both ms; `reopenAttempts` is how often in a row a lost connection is dialled again (a count).
 */
export const hostedVoiceShape = {
  apiKeyEnv: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
  language: z.string().min(2).optional(),
  connectTimeoutMs: z.int().min(100).max(60_000).default(8000),
  firstAudioTimeoutMs: z.int().min(200).max(60_000).default(5000),
  stallTimeoutMs: z.int().min(200).max(60_000).default(5000),
  reopenAttempts: z.int().min(0).max(20).default(5),
};

/** What the session needs of any voice's options. */
export interface HostedVoiceOptions {
  readonly apiKeyEnv?: string | undefined;
  readonly apiKeyFile?: string | undefined;
  readonly connectTimeoutMs: number;
  readonly firstAudioTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly reopenAttempts: number;
}

/** The preferred rate first, then the others that the vendor has. */
export function formatsOf(
  rateHz: number,
  rates: readonly number[],
): readonly { readonly codec: 'pcm16'; readonly rateHz: number }[] {
  const ordered = [rateHz, ...rates.filter((other) => other !== rateHz)];
  return ordered.map((rate) => ({ codec: 'pcm16', rateHz: rate }));
}
