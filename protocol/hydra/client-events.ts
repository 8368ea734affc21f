import { z } from 'zod';
import { id, tool } from './values.ts';

/**
 * What a client of Hydra sends, JSON text frames only. Source: the vendor's published protocol
 * (August 2026); formats that can be chosen are left out, because only one is spoken here.
 */
const base = { event_id: id.optional() };

/** What a session begins with; nothing of it but the tools can change afterwards. */
const sessionConfig = z.strictObject({
  instructions: z.string().optional(),
  voice: z.string().optional(),
  tools: z.array(tool).optional(),
  /** The agent speaks first. */
  generate_initial_response: z.boolean().optional(),
});

/** What a session begins with. */
export type SessionConfig = z.infer<typeof sessionConfig>;

/** Schemas of every client event, by type. Keys that are not named are refused. */
export const clientEventSchemas = {
  /** Exactly once, after `session.created`. */
  'session.configure': z.strictObject({
    ...base,
    type: z.literal('session.configure'),
    session: sessionConfig,
  }),
  /** Only tools, whenever wanted. */
  'session.update': z.strictObject({
    ...base,
    type: z.literal('session.update'),
    session: z.strictObject({ tools: z.array(tool) }),
  }),
  /** PCM16 little-endian mono at 16 kHz, base64; 10 ms at least, 20–40 ms advised. */
  'input_audio_buffer.append': z.strictObject({
    ...base,
    type: z.literal('input_audio_buffer.append'),
    audio: z.base64(),
  }),
  'conversation.item.create': z.strictObject({
    ...base,
    type: z.literal('conversation.item.create'),
    item: z.strictObject({
      type: z.literal('function_call_output'),
      call_id: id,
      output: z.string(),
    }),
  }),
  'response.create': z.strictObject({ ...base, type: z.literal('response.create') }),
  /** Nothing happens where no response runs. */
  'response.cancel': z.strictObject({
    ...base,
    type: z.literal('response.cancel'),
    response_id: id.optional(),
  }),
} as const;

/** Any client event. */
export type ClientEvent = {
  [Type in keyof typeof clientEventSchemas]: z.infer<(typeof clientEventSchemas)[Type]>;
}[keyof typeof clientEventSchemas];
