import { z } from 'zod';

const upstreamUrl = z.url({ protocol: /^wss?$/ }).refine(
  (text) => {
    const { username, password, searchParams } = new URL(text);
    return username === '' && password === '' && !searchParams.has('api_key');
  },
  { error: 'must carry no user, password or api_key: use apiKeyEnv or apiKeyFile' },
);

/**
 * A `hydra` backend in the configuration. The key is named, never written: by the environment
 * variable `apiKeyEnv` or the file `apiKeyFile`; with neither, none is sent.
 *
 * `url` is everything before `?model=`; `voice` is the one that agents without a voice of this
 * backend get; `connectTimeoutMs` bounds each of the two steps of the opening, to the session and to
 * its settings, ms; `toolSettleMs` is how long after a tool's output the answer is asked for, ms, so
 * that several outputs are answered once.
 */
export const hydraOptions = z.strictObject({
  model: z.string().min(1).default('hydra-v1.1'),
  url: upstreamUrl.default('wss://api.smallest.ai/waves/v1/s2s'),
  apiKeyEnv: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
  voice: z.string().min(1).optional(),
  connectTimeoutMs: z.int().min(100).max(60_000).default(8000),
  toolSettleMs: z.int().min(0).max(2000).default(200),
});

/** Options after their schema. */
export type HydraOptions = z.output<typeof hydraOptions>;
