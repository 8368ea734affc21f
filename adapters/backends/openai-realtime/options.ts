import { z } from 'zod';
import { dialectNames } from './dialects.ts';

/** Headers that the adapter writes itself, or that would put a secret into the configuration. */
const reservedHeaders =
  /^(authorization|api-key|cookie|openai-beta|host|connection|upgrade|sec-.*)$/i;

const upstreamUrl = z.url({ protocol: /^wss?$/ }).refine(
  (text) => {
    const { username, password } = new URL(text);
    return username === '' && password === '';
  },
  { error: 'must carry no user or password: use apiKeyEnv or apiKeyFile' },
);

/**
 * An `openai-realtime` backend in the configuration. The key is named, never written: by the
 * environment variable `apiKeyEnv` or the file `apiKeyFile`; with neither, none is sent.
 *
 * `url` is everything before `?model=`; `dialect` names how the upstream deviates from OpenAI's;
 * `connectTimeoutMs` bounds the time from connecting to settings in force, ms; `connectionLimitMs` is
 * how long a connection lives, ms, before the session is moved to another: the dialect's own cap
 * unless it says otherwise.
 */
export const openAiRealtimeOptions = z.strictObject({
  model: z.string().min(1),
  url: upstreamUrl.optional(),
  apiKeyEnv: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
  dialect: z.enum(dialectNames).default('openai'),
  headers: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z0-9-]+$/)
        .refine((name) => !reservedHeaders.test(name), {
          error: 'this header is not free to choose',
        }),
      z.string(),
    )
    .default({}),
  transcriptionModel: z.string().min(1).optional(),
  connectTimeoutMs: z.int().min(100).max(60_000).default(8000),
  connectionLimitMs: z.int().min(2000).optional(),
});

/** Options after their schema. */
export type OpenAiRealtimeOptions = z.output<typeof openAiRealtimeOptions>;
