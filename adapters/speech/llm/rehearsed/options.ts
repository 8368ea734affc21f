import { z } from 'zod';

const regularExpression = z
  .string()
  .min(1)
  .max(512)
  .refine(
    (pattern) => {
      try {
        return new RegExp(pattern, 'iu') instanceof RegExp;
      } catch {
        return false;
      }
    },
    { error: 'is no regular expression' },
  );

const toolCall = z.strictObject({
  name: z.string().min(1).max(128),
  arguments: z.record(z.string(), z.unknown()).default({}),
});

/**
 * One thing to say or call, and when: `hears` is looked for in the caller's last words (letter case
 * aside), `turn` counts the caller's messages from 1, `after` is a tool whose output has just come. A
 * reply with none of them always fits. In `say`, `{heard}` stands for the caller's last words and
 * `{output}` for the tool's output.
 */
const reply = z
  .strictObject({
    hears: regularExpression.optional(),
    turn: z.int().min(1).optional(),
    after: z.string().min(1).optional(),
    say: z.string().max(20_000).optional(),
    call: z.union([toolCall, z.array(toolCall).min(1).max(16)]).optional(),
  })
  .refine(({ say, call }) => say !== undefined || call !== undefined, {
    error: 'a reply has something to say or to call',
  });

/**
 * A `rehearsed` model: no network, no key. The first reply that fits is given, the script's last
 * resort otherwise. `firstTokenMs` is the spread of delays to the first token (log-normal),
 * `tokensPerSecond` the pace after it, `seed` makes delays repeat.
 */
export const rehearsedLlmOptions = z.strictObject({
  replies: z.array(reply).max(1000).default([]),
  fallback: z.string().min(1).max(20_000).default('You said: {heard}'),
  firstTokenMs: z
    .strictObject({ p50: z.number().min(1).max(60_000), p95: z.number().min(1).max(120_000) })
    .refine((spread) => spread.p95 >= spread.p50, { error: 'p95 is not below p50' })
    .default({ p50: 200, p95: 400 }),
  tokensPerSecond: z.number().min(0.1).max(100_000).default(80),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
});

/** Options after their schema. */
export type RehearsedLlmOptions = z.output<typeof rehearsedLlmOptions>;
