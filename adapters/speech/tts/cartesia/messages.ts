import { z } from 'zod';

/** What the server says, in one shape: `type` tells which fields count. */
export const serverMessage = z.object({
  type: z.string(),
  context_id: z.string().nullish(),
  data: z.string().nullish(),
  word_timestamps: z
    .object({
      words: z.array(z.string()),
      start: z.array(z.number()),
      end: z.array(z.number()),
    })
    .nullish(),
  status_code: z.number().nullish(),
  error_code: z.string().nullish(),
  title: z.string().nullish(),
  message: z.string().nullish(),
  error: z.string().nullish(),
});

export type ServerMessage = z.output<typeof serverMessage>;
