import { z } from 'zod';
import { voices } from './voices.ts';

const upstreamUrl = z.url({ protocol: /^wss?$/ }).refine(
  (text) => {
    const { username, password, search } = new URL(text);
    return username === '' && password === '' && search === '';
  },
  { error: 'must carry no user, password or query: use apiKeyEnv or apiKeyFile' },
);

/**
 * A `gemini-live` backend in the configuration. The key is named, never written: by the
 * environment variable `apiKeyEnv` or the file `apiKeyFile`.
 *
 * `url` is scheme, host and port, with a path in front of `/ws/…` where a proxy has one.
 * Times in ms: `connectTimeoutMs` from connecting to `setupComplete`; `connectionLimitMs` is how
 * long a connection lives where the server gives no notice.
 */
export const geminiLiveOptions = z.strictObject({
  model: z
    .string()
    .regex(/^[\w.-]+$/, { error: 'is the name alone, without models/' })
    .default('gemini-3.8-live'),
  url: upstreamUrl.default('wss://generativelanguage.googleapis.com'),
  apiVersion: z.enum(['v1beta', 'v1alpha', 'v1']).default('v1beta'),
  apiKeyEnv: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
  /** `header` keeps the key out of the address, and so out of proxies' logs. */
  keyIn: z.enum(['query', 'header']).default('query'),
  /** Spoken where the call names no voice. */
  voice: z.enum(voices).default('Puck'),
  /** BCP 47, of what the agent speaks. */
  language: z.string().min(2).optional(),
  /** BCP 47, of what the caller may speak; without them transcripts may be in a wrong language. */
  transcriptionLanguages: z.array(z.string().min(2)).max(16).optional(),
  temperature: z.number().min(0).max(2).optional(),
  /** Whether the model speaks on while a tool runs. */
  tools: z.enum(['blocking', 'asynchronous']).default('blocking'),
  /** When it speaks of the result of a tool it did not wait for. */
  toolScheduling: z.enum(['SILENT', 'WHEN_IDLE', 'INTERRUPT']).default('WHEN_IDLE'),
  /** Without it a session ends after 15 min. */
  compression: z
    .union([
      z.boolean(),
      z.strictObject({
        triggerTokens: z.int().min(5000).max(128_000),
        targetTokens: z.int().min(0).max(128_000),
      }),
    ])
    .default(true),
  connectTimeoutMs: z.int().min(100).max(60_000).default(8000),
  connectionLimitMs: z
    .int()
    .min(1000)
    .default(10 * 60_000),
});

/** Options after their schema. */
export type GeminiLiveOptions = z.output<typeof geminiLiveOptions>;
