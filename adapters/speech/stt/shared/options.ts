import { z } from 'zod';

/** Names of query parameters that would carry a key. */
const keyNames = ['key', 'api_key', 'apikey', 'token', 'access_token', 'authorization'];

/** An upstream's address without anything secret in it. */
export function upstreamAddress(protocol: RegExp): z.ZodType<string, string> {
  return z.url({ protocol }).refine(
    (text) => {
      const { username, password, searchParams } = new URL(text);
      return username === '' && password === '' && !keyNames.some((name) => searchParams.has(name));
    },
    { error: 'must carry no user, password or key: use apiKeyEnv or apiKeyFile' },
  );
}

export const webSocketProtocol = /^wss?$/;
export const httpProtocol = /^https?$/;

/** The key, named and never written; with neither, none is sent. */
export const keyReference = {
  apiKeyEnv: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
};

/** What is said, for recognisers that take it: BCP 47, and words that are likely. */
export const speechHints = {
  language: z.string().min(1).max(35).optional(),
  keyTerms: z.array(z.string().min(1).max(100)).max(100).default([]),
};

/**
 * How a session over connections behaves: from a finish to its final, ms; from connecting to being
 * ready, ms; audio that is kept for a connection that has to hear it again, ms; when a connection is
 * exchanged for the next, ms.
 */
export const sessionLimits = {
  finalTimeoutMs: z.int().min(100).max(30_000).default(1500),
  connectTimeoutMs: z.int().min(100).max(60_000).default(8000),
  replayMs: z.int().min(1000).max(120_000).default(15_000),
  connectionLimitMs: z
    .int()
    .min(1000)
    .max(24 * 3_600_000)
    .optional(),
};
