import { z } from 'zod';
import { httpProtocol, keyReference, speechHints, upstreamAddress } from '../shared/options.ts';

/**
 * A `whisper-http` recogniser in the configuration: any server with OpenAI's
 * `POST …/audio/transcriptions`. `baseUrl` is everything before that. `finalTimeoutMs` is the time
 * from a finish to its final, ms: the whole stretch goes up and is recognised in it. `stretchLimitMs`
 * is the longest stretch, ms; `prompt` is passed on with the key terms behind it.
 */
export const whisperHttpOptions = z.strictObject({
  model: z.string().min(1).default('whisper-1'),
  baseUrl: upstreamAddress(httpProtocol).default('https://api.openai.com/v1'),
  ...keyReference,
  ...speechHints,
  finalTimeoutMs: z.int().min(100).max(120_000).default(8000),
  stretchLimitMs: z.int().min(1000).max(600_000).default(60_000),
  prompt: z.string().max(2000).optional(),
});

/** Options after their schema. */
export type WhisperHttpOptions = z.output<typeof whisperHttpOptions>;
