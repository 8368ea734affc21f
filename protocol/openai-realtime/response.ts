import { z } from 'zod';
import { inputItem, serverItem } from './items.ts';
import {
  audioFormat,
  maxOutputTokens,
  metadata,
  outputModalities,
  toolChoice,
  tools,
  voice,
} from './values.ts';

/** What one response may differ in. Unknown keys are errors. */
export const responseParams = z.strictObject({
  conversation: z.enum(['auto', 'none']).optional(),
  input: z.array(inputItem).max(1024).nullable().optional(),
  instructions: z.string().nullable().optional(),
  output_modalities: outputModalities.optional(),
  audio: z
    .strictObject({
      output: z
        .strictObject({ format: audioFormat.optional(), voice: voice.optional() })
        .optional(),
    })
    .optional(),
  max_output_tokens: maxOutputTokens.nullable().optional(),
  metadata: metadata.nullable().optional(),
  tools: tools.nullable().optional(),
  tool_choice: toolChoice.nullable().optional(),
  parallel_tool_calls: z.boolean().nullable().optional(),
  reasoning: z.looseObject({}).nullable().optional(),
  prompt: z.looseObject({}).nullable().optional(),
});

/** A request for a response after its schema. */
export type ResponseParams = z.infer<typeof responseParams>;

const statusDetails = z.strictObject({
  type: z.enum(['cancelled', 'incomplete', 'failed']),
  reason: z
    .enum(['turn_detected', 'client_cancelled', 'max_output_tokens', 'content_filter'])
    .optional(),
  error: z.strictObject({ type: z.string(), code: z.string(), message: z.string() }).optional(),
});

/** Why a response ended other than well. */
export type StatusDetails = z.infer<typeof statusDetails>;

const usage = z.strictObject({
  total_tokens: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
  input_token_details: z.strictObject({
    text_tokens: z.number().optional(),
    audio_tokens: z.number().optional(),
    cached_tokens: z.number().optional(),
  }),
  output_token_details: z.strictObject({
    text_tokens: z.number().optional(),
    audio_tokens: z.number().optional(),
  }),
});

/** Tokens of one response; details that were not counted are absent. */
export type ResponseUsage = z.infer<typeof usage>;

/** A response as the server shows it. */
export const serverResponse = z.strictObject({
  object: z.literal('realtime.response'),
  id: z.string(),
  status: z.enum(['in_progress', 'completed', 'cancelled', 'failed', 'incomplete']),
  status_details: statusDetails.nullable(),
  output: z.array(serverItem),
  conversation_id: z.string().nullable(),
  output_modalities: outputModalities,
  max_output_tokens: maxOutputTokens,
  audio: z.strictObject({
    // The voice is a plain string here: stock clients drop the event when it is an object.
    output: z.strictObject({ format: audioFormat, voice: z.string().nullable() }),
  }),
  usage: usage.nullable(),
  metadata: z.record(z.string(), z.string()).nullable(),
});

/** A response as the server shows it. */
export type ServerResponse = z.infer<typeof serverResponse>;
