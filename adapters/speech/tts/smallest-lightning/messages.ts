import { z } from 'zod';

/** What the server says, in one shape: `status` tells which fields count. */
export const serverMessage = z.object({
  status: z.string(),
  external_request_id: z.string().nullish(),
  data: z
    .object({
      audio: z.string().nullish(),
      word: z.string().nullish(),
      start: z.number().nullish(),
      end: z.number().nullish(),
    })
    .nullish(),
  message: z.string().nullish(),
  error: z
    .object({ code: z.string().nullish(), message: z.string().nullish() })
    .nullish()
    .catch(null),
});

export type ServerMessage = z.output<typeof serverMessage>;
