import { z } from 'zod';
import { defaultClauseOptions } from './text/clause.ts';

const weight = z.int().min(1).max(2000);
const waitMs = z.number().min(0).max(10_000);

/** When clauses end; see docs/cascade-text.md. The language is the cascade's own. */
const clauses = z
  .strictObject({
    firstMinWeight: weight.default(defaultClauseOptions.firstMinWeight),
    firstMaxWeight: weight.default(defaultClauseOptions.firstMaxWeight),
    minWeight: weight.default(defaultClauseOptions.minWeight),
    phraseFromWeight: weight.default(defaultClauseOptions.phraseFromWeight),
    maxWeight: weight.default(defaultClauseOptions.maxWeight),
    firstWaitMs: waitMs.default(defaultClauseOptions.firstWaitMs),
    waitMs: waitMs.default(defaultClauseOptions.waitMs),
    maxWaitMs: waitMs.default(defaultClauseOptions.maxWaitMs),
  })
  .prefault({});

const pronunciation = z.strictObject({
  written: z.string().trim().min(1).max(200),
  spoken: z.string().min(1).max(400),
  match: z.enum(['exact', 'any', 'smart']).default('smart'),
});

/** What a `cascade` backend takes besides its three parts. */
export const cascadeSettings = z.strictObject({
  /** BCP 47; absent: the recogniser takes whatever is spoken, and text is split and said as English. */
  language: z.string().min(2).max(35).optional(),
  /** Words that are likely to be said: names, products. */
  keyTerms: z.array(z.string().trim().min(1).max(100)).max(500).default([]),
  pronunciations: z.array(pronunciation).max(2000).default([]),
  /** Begin answers in pauses, before the turn is decided. */
  speculation: z.boolean().default(true),
  clauses,
  /** Said often at the beginning of an answer: synthesised once for each voice and kept. */
  cachedPhrases: z.array(z.string().trim().min(1).max(500)).max(200).default([]),
  /** Synthesised phrases that are kept, bytes. */
  cacheLimitBytes: z
    .int()
    .min(0)
    .max(1024 * 1024 * 1024)
    .default(16 * 1024 * 1024),
  /**
   * Longest wait for a recogniser's last word on a turn, ms; then what it had said by then counts. The
   * recogniser has a limit of its own, which comes first.
   */
  finalTimeoutMs: z.number().min(100).max(120_000).default(10_000),
  /** Conversation that the model is shown, characters; the oldest is left out first. */
  historyLimitCharacters: z.int().min(1000).max(10_000_000).default(200_000),
  /** How far synthesis may be ahead of what can have been heard, ms. */
  aheadMs: z.number().min(2000).max(60_000).default(20_000),
  /** Failures of one part in a row after which the session is given up (a count). */
  failuresAllowed: z.int().min(1).max(20).default(3),
});

export type CascadeSettings = z.output<typeof cascadeSettings>;
