import { z } from 'zod';

/** An id as either side makes them. */
export const id = z.string().min(1);

/** A function that the model may call. `parameters` is a JSON Schema object. */
export const tool = z.strictObject({
  type: z.literal('function').optional(),
  name: z.string().min(1),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()),
});

/** A function on the wire. */
export type WireTool = z.infer<typeof tool>;
