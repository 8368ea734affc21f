import { z } from 'zod';
import {
  keyReference,
  sessionLimits,
  speechHints,
  upstreamAddress,
  webSocketProtocol,
} from '../shared/options.ts';

/** Whether the model speaks the protocol of Flux (`/v2/listen`). */
export function isFlux(model: string): boolean {
  return model === 'flux' || model.startsWith('flux-');
}

const fluxOnly = ['eotThreshold', 'eagerEotThreshold', 'eotTimeoutMs', 'forceEndTurn'] as const;
const novaOnly = ['endpointingMs', 'smartFormat'] as const;

/**
 * A `deepgram` recogniser in the configuration. `url` is everything before `/v1/listen` or
 * `/v2/listen`; which of the two is spoken follows from `model`: `flux…` or anything else. `flux`
 * alone is the English or the multilingual one, by the language.
 *
 * For Flux: `eotThreshold` is the confidence at which it says `end`, `eagerEotThreshold` the one at
 * which it says `eager_end` (0 = never), `eotTimeoutMs` the silence that ends a turn in any case, ms,
 * and `forceEndTurn` whether a finish may end its turn. For the others: `endpointingMs` is the
 * silence that settles a segment, ms (0 = none does), `smartFormat` writes numbers and dates.
 */
export const deepgramSttOptions = z
  .strictObject({
    model: z.string().min(1).default('flux'),
    url: upstreamAddress(webSocketProtocol).default('wss://api.deepgram.com'),
    ...keyReference,
    ...speechHints,
    ...sessionLimits,
    eotThreshold: z.number().min(0.5).max(1).optional(),
    eagerEotThreshold: z.union([z.literal(0), z.number().min(0.3).max(0.9)]).optional(),
    eotTimeoutMs: z.int().min(500).max(60_000).optional(),
    forceEndTurn: z.boolean().optional(),
    endpointingMs: z.int().min(0).max(10_000).optional(),
    smartFormat: z.boolean().optional(),
  })
  .superRefine((options, { addIssue }) => {
    const flux = isFlux(options.model);
    for (const name of flux ? novaOnly : fluxOnly) {
      if (options[name] === undefined) continue;
      const message = `is no option of ${options.model}`;
      addIssue({ code: 'custom', path: [name], message });
    }
    const { eagerEotThreshold: eager = 0, eotThreshold = usualFlux.eotThreshold } = options;
    if (eager <= eotThreshold) return;
    const message = `must not be above eotThreshold (${eotThreshold})`;
    addIssue({ code: 'custom', path: ['eagerEotThreshold'], message });
  });

/** What Flux gets where the options say nothing. */
export const usualFlux = {
  eotThreshold: 0.7,
  eagerEotThreshold: 0.5,
  eotTimeoutMs: 5000,
  forceEndTurn: true,
} as const;

/** What the others get. */
export const usualNova = { endpointingMs: 300, smartFormat: false } as const;

/** Options after their schema. */
export type DeepgramSttOptions = z.output<typeof deepgramSttOptions>;
