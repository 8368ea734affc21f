import { z } from 'zod';
import {
  keyReference,
  sessionLimits,
  speechHints,
  upstreamAddress,
  webSocketProtocol,
} from '../shared/options.ts';

/**
 * A `smallest-pulse` recogniser in the configuration. `url` is everything before the query;
 * `endOfUtteranceMs` is the silence that settles a segment, ms; `numbersAsDigits` writes numbers as
 * digits. Key terms are not known to its protocol and have no effect.
 */
export const smallestPulseOptions = z.strictObject({
  model: z.string().min(1).default('pulse'),
  url: upstreamAddress(webSocketProtocol).default('wss://api.smallest.ai/waves/v1/stt/live'),
  ...keyReference,
  ...speechHints,
  ...sessionLimits,
  endOfUtteranceMs: z.int().min(100).max(10_000).optional(),
  numbersAsDigits: z.boolean().optional(),
});

/** Options after their schema. */
export type SmallestPulseOptions = z.output<typeof smallestPulseOptions>;
