import { z } from 'zod';

/** An address that carries no secret. */
export const baseUrl = z.url({ protocol: /^https?$/ }).refine(
  (text) => {
    const { username, password, search } = new URL(text);
    return username === '' && password === '' && search === '';
  },
  { error: 'must carry no user, password or query: use apiKeyEnv or apiKeyFile' },
);

/** What the gateway itself says about the request. */
const reserved = /^(?:authorization|x-api-key|x-goog-api-key|content-type|content-length|host)$/i;

const headers = z
  .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/))
  .refine((given) => !Object.keys(given).some((name) => reserved.test(name)), {
    error: 'must not set the key or what describes the body: use apiKeyEnv or apiKeyFile',
  });

/**
 * Options of every hosted model. The key is named, never written; with neither reference none is
 * sent. `headers` go along with each request; `probe: false` leaves the server alone until the first
 * call; `warmPrefix` sends a call's instructions and tools ahead with one token to write, for servers
 * that keep the prompts they have read; `timeouts` are ms: to a connection, from the request to the
 * first text or tool call, and then between two signs of life.
 */
export const modelShape = {
  model: z.string().min(1),
  apiKeyEnv: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
  headers: headers.optional(),
  temperature: z.number().min(0).max(2).optional(),
  probe: z.boolean().default(true),
  warmPrefix: z.boolean().default(false),
  timeouts: z
    .strictObject({
      connectMs: z.int().min(100).max(60_000).default(3000),
      firstTokenMs: z.int().min(100).max(120_000).default(10_000),
      idleMs: z.int().min(100).max(120_000).default(5000),
    })
    .prefault({}),
};
