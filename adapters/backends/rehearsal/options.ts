import { z } from 'zod';
import { scriptSchema } from './script.ts';

/** What can be told to go wrong, and when. */
const failSchema = z
  .strictObject({
    kind: z.enum(['refuse', 'close', 'stall', 'nonsense', 'slow']),
    /** With `turn`: ms into that answer's audio. Without: ms since the session opened. */
    atMs: z.number().min(0).max(86_400_000).optional(),
    /** Which answer of the conversation, counted from 1. */
    turn: z.int().min(1).optional(),
  })
  .refine(
    (fail) => fail.kind !== 'refuse' || (fail.atMs === undefined && fail.turn === undefined),
    { message: 'refuse happens at opening: it takes neither atMs nor turn' },
  );

/**
 * A `rehearsal` backend in the configuration.
 *
 * `script` is a path or the script itself; `firstAudioMs` the spread of delays from request to
 * first audio and `shape` the distribution that has it; `realTimeFactor` how much faster than real
 * time audio comes; `seed` makes delays
 * repeat; `fail` makes it go wrong. What it gives can be parsed again.
 */
export const rehearsalOptionsSchema = z.strictObject({
  script: z.union([z.string().min(1), scriptSchema]).optional(),
  firstAudioMs: z
    .strictObject({ p50: z.number().min(1).max(60_000), p95: z.number().min(1).max(120_000) })
    .refine((spread) => spread.p95 >= spread.p50, { message: 'p95 is not below p50' })
    .default({ p50: 300, p95: 600 }),
  shape: z.enum(['lognormal', 'normal', 'heavy', 'bimodal']).default('lognormal'),
  realTimeFactor: z.number().min(0.1).max(1000).default(4),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  fail: failSchema.optional(),
});

export type RehearsalOptions = z.infer<typeof rehearsalOptionsSchema>;

export type Fail = z.infer<typeof failSchema>;
