import { z } from 'zod';

const delayMs = z.number().int().min(0).max(60_000).optional();

const functionToolSchema = z.strictObject({
  type: z.literal('function'),
  name: z.string().min(1).max(64),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

/** A hosted tool: known by its type, looked at no further. */
const otherToolSchema = z.looseObject({ type: z.string().refine((type) => type !== 'function') });

const settings = {
  instructions: z.string().max(65_536).nullish(),
  max_output_tokens: z.number().int().min(16).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z
    .strictObject({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
      summary: z.enum(['concise', 'detailed', 'auto']).nullish(),
    })
    .nullish(),
  service_tier: z.string().nullish(),
  text: z.strictObject({ verbosity: z.enum(['low', 'medium', 'high']).nullish() }).nullish(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.strictObject({ type: z.literal('function'), name: z.string().min(1).max(64) }),
      z.looseObject({ type: z.string().refine((type) => type !== 'function') }),
    ])
    .optional(),
  tools: z
    .array(z.union([functionToolSchema, otherToolSchema]))
    .max(128)
    .optional(),
};

const responsesSettingsSchema = z.strictObject({
  model: z.string().min(1).max(256),
  ...settings,
});
/** What an update may say: what is left out stays. */
const responsesUpdateSchema = z.strictObject({
  model: z.string().min(1).max(256).optional(),
  ...settings,
});
export type ResponsesUpdate = z.infer<typeof responsesUpdateSchema>;

const client = z.strictObject({ type: z.literal('client'), acknowledgement_delay_ms: delayMs });
/** Refused by whoever reads it, so its own fields are not looked at. */
const decisions = z.looseObject({
  type: z.literal('decisions'),
  acknowledgement_delay_ms: delayMs,
});

export const delegationSchema = z.discriminatedUnion('type', [
  client,
  z.strictObject({
    type: z.literal('responses'),
    acknowledgement_delay_ms: delayMs,
    responses: responsesSettingsSchema,
  }),
  decisions,
]);
export type WireDelegation = z.infer<typeof delegationSchema>;

export const delegationUpdateSchema = z.discriminatedUnion('type', [
  client,
  z.strictObject({
    type: z.literal('responses'),
    acknowledgement_delay_ms: delayMs,
    responses: responsesUpdateSchema.optional(),
  }),
  decisions,
]);
export type WireDelegationUpdate = z.infer<typeof delegationUpdateSchema>;
