import { z } from 'zod';
import { defaultStall } from '../call/stall-patience.ts';
import type { HandoverManner } from '../ports/agent.ts';

/** What happens when a backend is lost within a call. */
export const handoverSchema = z.strictObject({
  acceptUnseeded: z.boolean().default(false),
  returns: z.boolean().default(false),
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

export function handoverOf({ stall, ...entry }: z.output<typeof handoverSchema>): HandoverManner {
  return { ...entry, ...(stall === undefined ? {} : { stall }) };
}
