import { z } from 'zod';

const upstreamUrl = z.url({ protocol: /^wss?$/ }).refine(
  (text) => {
    const { username, password } = new URL(text);
    return username === '' && password === '';
  },
  { error: 'must carry no user or password: use apiKeyEnv or apiKeyFile' },
);

/**
 * An `openai-live` backend in the configuration. The key is named, never written: by the environment
 * variable `apiKeyEnv` or the file `apiKeyFile`; with neither, none is sent.
 *
 * `delegation` says who does what the voice model hands on. `responses`: the upstream's backend, by its
 * `model`, with the call's tools as its functions. `client`: one tool of the call, `tool` or the only one
 * there is, is called for whatever is handed on, and its output is told. `connectTimeoutMs` bounds the
 * time from connecting to an open socket, and from `session.start` to `session.started`, ms;
 * `connectionLimitMs` is how long a session lives, ms, before the call moves to a new one: what the
 * upstream says when it starts, unless this is shorter.
 */
export const openAiLiveOptions = z.strictObject({
  model: z.string().min(1).default('gpt-live-1'),
  url: upstreamUrl.default('wss://api.openai.com/v1/live/sessions'),
  apiKeyEnv: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
  delegation: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('client'), tool: z.string().min(1).optional() }),
      z.strictObject({
        type: z.literal('responses'),
        model: z.string().min(1),
        instructions: z.string().optional(),
      }),
    ])
    .default({ type: 'client' }),
  connectTimeoutMs: z.int().min(100).max(60_000).default(8000),
  connectionLimitMs: z.int().min(2000).optional(),
});

/** Options after their schema. */
export type OpenAiLiveOptions = z.output<typeof openAiLiveOptions>;
export type DelegationOptions = OpenAiLiveOptions['delegation'];
