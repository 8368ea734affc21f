import { z } from 'zod';
import { defaultStall } from '../call/stall-patience.ts';
import type { HandoverManner, VoiceDeclaration } from '../ports/agent.ts';
import { defaultPhrases } from '../ports/phrases.ts';

const sentence = z.string().trim().min(1).max(500);

/** What happens when a backend is lost within a call. */
export const handoverSchema = z.strictObject({
  acceptUnseeded: z.boolean().default(false),
  returns: z.boolean().default(false),
  standby: z.enum(['never', 'on-risk', 'always']).default('on-risk'),
  hedge: z.boolean().default(false),
  holdAfterMs: z.int().min(200).max(10_000).default(defaultPhrases.holdAfterMs),
  holdingPhrases: z.array(sentence).max(20).optional(),
  lastWords: sentence.nullable().optional(),
  /** Who says both; `type` decides the rest, which the voice's own schema reads. */
  voice: z.looseObject({ type: z.string().min(1) }).optional(),
  stall: z
    .strictObject({
      factor: z.number().min(1).max(20).default(defaultStall.factor),
      leastMs: z.int().min(500).max(20_000).default(defaultStall.leastMs),
      mostMs: z.int().min(500).max(20_000).default(defaultStall.mostMs),
      dryMs: z.int().min(200).max(20_000).default(defaultStall.dryMs),
    })
    .refine(({ leastMs, mostMs }) => leastMs <= mostMs, {
      error: 'leastMs must not be more than mostMs',
    })
    .optional(),
});

/** @param voice as its type's schema has read it */
export function handoverOf(
  entry: Omit<z.output<typeof handoverSchema>, 'voice'>,
  voice: VoiceDeclaration | null,
): HandoverManner {
  const { acceptUnseeded, returns, standby, hedge, holdAfterMs } = entry;
  const { stall, holdingPhrases, lastWords } = entry;
  return {
    acceptUnseeded,
    returns,
    standby,
    hedge,
    holdAfterMs,
    ...(stall === undefined ? {} : { stall }),
    ...(holdingPhrases === undefined ? {} : { holdingPhrases }),
    ...(lastWords === undefined ? {} : { lastWords }),
    ...(voice === null ? {} : { voice }),
  };
}
