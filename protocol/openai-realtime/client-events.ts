import { z } from 'zod';
import { clientItem } from './items.ts';
import { responseParams } from './response.ts';
import { sessionUpdate } from './session.ts';
import { clientId, durationMs } from './values.ts';

/** A client event's own id, which errors about it carry. */
export const clientEventId = clientId.nullable().optional();

const event = <Type extends string>(
  type: Type,
): { type: z.ZodLiteral<Type>; event_id: typeof clientEventId } => ({
  type: z.literal(type),
  event_id: clientEventId,
});

/** Only the first part of a message holds audio here, so no other index means anything. */
const contentIndex = z.literal(0);

/** The schema of every client event by its type: those of OpenAI, and Parley's acknowledgement. */
export const clientEventSchemas = {
  'session.update': z.object({ ...event('session.update'), session: sessionUpdate }),
  'input_audio_buffer.append': z.object({
    ...event('input_audio_buffer.append'),
    audio: z.string(),
  }),
  'input_audio_buffer.commit': z.object(event('input_audio_buffer.commit')),
  'input_audio_buffer.clear': z.object(event('input_audio_buffer.clear')),
  'output_audio_buffer.clear': z.object(event('output_audio_buffer.clear')),
  'conversation.item.create': z.object({
    ...event('conversation.item.create'),
    previous_item_id: clientId.nullable().optional(),
    item: clientItem,
  }),
  'conversation.item.retrieve': z.object({
    ...event('conversation.item.retrieve'),
    item_id: clientId,
  }),
  'conversation.item.truncate': z.object({
    ...event('conversation.item.truncate'),
    item_id: clientId,
    content_index: contentIndex,
    audio_end_ms: durationMs,
  }),
  'conversation.item.delete': z.object({
    ...event('conversation.item.delete'),
    item_id: clientId,
  }),
  'response.create': z.object({
    ...event('response.create'),
    response: responseParams.nullable().optional(),
  }),
  'response.cancel': z.object({
    ...event('response.cancel'),
    response_id: clientId.nullable().optional(),
  }),
  'parley.playback': z.object({
    ...event('parley.playback'),
    item_id: clientId,
    content_index: contentIndex.optional(),
    played_ms: durationMs,
  }),
  'parley.interrupt': z.object({ ...event('parley.interrupt') }),
  'parley.mute': z.object({ ...event('parley.mute'), muted: z.boolean() }),
  'parley.push_to_talk': z.object({ ...event('parley.push_to_talk'), pressed: z.boolean() }),
  'parley.dtmf': z.object({
    ...event('parley.dtmf'),
    digit: z.string().regex(/^[0-9A-D*#]$/),
  }),
  'parley.echo_cancellation': z.object({
    ...event('parley.echo_cancellation'),
    active: z.boolean(),
  }),
} as const;

/** Type of a client event that is known here. */
export type ClientEventType = keyof typeof clientEventSchemas;

/** A client event after its schema. */
export type ClientEvent = {
  [Type in ClientEventType]: z.infer<(typeof clientEventSchemas)[Type]>;
}[ClientEventType];
