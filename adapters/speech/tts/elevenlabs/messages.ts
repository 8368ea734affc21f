import { z } from 'zod';

const alignment = z.object({
  chars: z.array(z.string()),
  charStartTimesMs: z.array(z.number()),
  charDurationsMs: z.array(z.number()),
});

/** Characters and where they lie on the audio they come with, ms. */
export type Alignment = z.output<typeof alignment>;

/** What the server says, in one shape: every field may be missing. */
export const serverMessage = z.object({
  contextId: z.string().nullish(),
  audio: z.string().nullish(),
  alignment: alignment.nullish(),
  isFinal: z.boolean().nullish(),
  error: z.string().nullish(),
  message: z.string().nullish(),
});
