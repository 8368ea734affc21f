import { z } from 'zod';
import type { ClientAllowance } from '../ports/agent.ts';

/** Longest instructions of an agent, and of a client where no other limit is set, characters. */
export const instructionLimit = 100_000;
/** Most tools that a client may bring where no other limit is set (a count). */
const toolLimit = 128;

/** What clients of an agent may set differently. Everything, unless it is said. */
export const allowSchema = z.strictObject({
  instructions: z
    .union([z.boolean(), z.int().min(1).max(instructionLimit)], {
      error: `must be true, false, or the most characters, 1 to ${instructionLimit}`,
    })
    .default(true),
  voice: z
    .union([z.boolean(), z.array(z.string().min(1)).min(1).max(1_000)], {
      error: 'must be true, false, or a list of voices',
    })
    .default(true),
  tools: z
    .union([z.boolean(), z.int().min(1).max(toolLimit)], {
      error: `must be true, false, or the most tools, 1 to ${toolLimit}`,
    })
    .default(true),
  turns: z.boolean().default(true),
});

/** The allowance that an entry means. */
export function allowanceOf(entry: z.output<typeof allowSchema>): ClientAllowance {
  const { instructions, voice, tools, turns } = entry;
  return {
    instructionChars:
      typeof instructions === 'number' ? instructions : instructions ? instructionLimit : 0,
    voices: Array.isArray(voice) ? voice : voice ? 'any' : 'none',
    tools: typeof tools === 'number' ? tools : tools ? toolLimit : 0,
    turns,
  };
}
