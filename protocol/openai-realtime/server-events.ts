import { z } from 'zod';
import { serverItem } from './items.ts';
import { serverResponse } from './response.ts';
import { effectiveSession } from './session.ts';

const id = z.string().min(1);
const index = z.number().int().nonnegative();
const ms = z.number().int().nonnegative();
const previous = { previous_item_id: z.string().nullable() };
const inResponse = { event_id: id, response_id: id, output_index: index };
const ofMcpCall = { event_id: id, output_index: index, item_id: id };
const inPart = { ...inResponse, item_id: id, content_index: index };

/** Parts of a response name audio and text plainly, unlike the content of items. */
const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio'), transcript: z.string() }),
  z.strictObject({ type: z.literal('text'), text: z.string() }),
]);

const error = z.strictObject({
  type: z.literal('error'),
  event_id: id,
  error: z.strictObject({
    type: z.enum(['invalid_request_error', 'server_error']),
    code: z.string(),
    message: z.string(),
    param: z.string().nullable(),
    event_id: z.string().nullable(),
  }),
});

const itemEvent = <Type extends string>(
  type: Type,
): z.ZodObject<
  {
    type: z.ZodLiteral<Type>;
    event_id: z.ZodString;
    item: typeof serverItem;
    previous_item_id: z.ZodNullable<z.ZodString>;
  },
  z.core.$strict
> => z.strictObject({ type: z.literal(type), event_id: id, item: serverItem, ...previous });

/** Every event that Parley sends on this wire. All of them have an `event_id`. */
export const serverEvent = z.discriminatedUnion('type', [
  error,
  z.strictObject({ type: z.literal('session.created'), event_id: id, session: effectiveSession }),
  z.strictObject({ type: z.literal('session.updated'), event_id: id, session: effectiveSession }),
  itemEvent('conversation.item.added'),
  itemEvent('conversation.item.done'),
  z.strictObject({
    type: z.literal('conversation.item.retrieved'),
    event_id: id,
    item: serverItem,
  }),
  z.strictObject({
    type: z.literal('conversation.item.truncated'),
    event_id: id,
    item_id: id,
    content_index: index,
    audio_end_ms: ms,
  }),
  z.strictObject({ type: z.literal('conversation.item.deleted'), event_id: id, item_id: id }),
  z.strictObject({
    type: z.literal('conversation.item.input_audio_transcription.delta'),
    event_id: id,
    item_id: id,
    content_index: index,
    delta: z.string(),
  }),
  z.strictObject({
    type: z.literal('conversation.item.input_audio_transcription.completed'),
    event_id: id,
    item_id: id,
    content_index: index,
    transcript: z.string(),
  }),
  z.strictObject({
    type: z.literal('conversation.item.input_audio_transcription.failed'),
    event_id: id,
    item_id: id,
    content_index: index,
    error: z.strictObject({ type: z.string(), code: z.string(), message: z.string() }),
  }),
  z.strictObject({
    type: z.literal('input_audio_buffer.committed'),
    event_id: id,
    item_id: id,
    ...previous,
  }),
  z.strictObject({ type: z.literal('input_audio_buffer.cleared'), event_id: id }),
  z.strictObject({
    type: z.literal('input_audio_buffer.speech_started'),
    event_id: id,
    item_id: id,
    audio_start_ms: ms,
  }),
  z.strictObject({
    type: z.literal('input_audio_buffer.speech_stopped'),
    event_id: id,
    item_id: id,
    audio_end_ms: ms,
  }),
  z.strictObject({
    type: z.literal('input_audio_buffer.timeout_triggered'),
    event_id: id,
    item_id: id,
    audio_start_ms: ms,
    audio_end_ms: ms,
  }),
  z.strictObject({
    type: z.literal('output_audio_buffer.cleared'),
    event_id: id,
    response_id: id.optional(),
  }),
  // Parley's own: the agent asks the app to hand the caller on.
  z.strictObject({
    type: z.literal('parley.transfer'),
    event_id: id,
    target: z.string(),
    reason: z.string().nullable(),
  }),
  z.strictObject({ type: z.literal('response.created'), event_id: id, response: serverResponse }),
  z.strictObject({ type: z.literal('response.done'), event_id: id, response: serverResponse }),
  z.strictObject({
    type: z.literal('response.output_item.added'),
    ...inResponse,
    item: serverItem,
  }),
  z.strictObject({ type: z.literal('response.output_item.done'), ...inResponse, item: serverItem }),
  z.strictObject({ type: z.literal('response.content_part.added'), ...inPart, part }),
  z.strictObject({ type: z.literal('response.content_part.done'), ...inPart, part }),
  z.strictObject({
    type: z.literal('response.output_text.delta'),
    ...inPart,
    delta: z.string(),
  }),
  z.strictObject({ type: z.literal('response.output_text.done'), ...inPart, text: z.string() }),
  z.strictObject({
    type: z.literal('response.output_audio.delta'),
    ...inPart,
    delta: z.string(),
  }),
  z.strictObject({ type: z.literal('response.output_audio.done'), ...inPart }),
  z.strictObject({
    type: z.literal('response.output_audio_transcript.delta'),
    ...inPart,
    delta: z.string(),
  }),
  z.strictObject({
    type: z.literal('response.output_audio_transcript.done'),
    ...inPart,
    transcript: z.string(),
  }),
  z.strictObject({
    type: z.literal('response.function_call_arguments.delta'),
    ...inResponse,
    item_id: id,
    call_id: id,
    delta: z.string(),
  }),
  z.strictObject({
    type: z.literal('response.function_call_arguments.done'),
    ...inResponse,
    item_id: id,
    call_id: id,
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({ type: z.literal('mcp_list_tools.in_progress'), event_id: id, item_id: id }),
  z.strictObject({ type: z.literal('mcp_list_tools.completed'), event_id: id, item_id: id }),
  z.strictObject({ type: z.literal('mcp_list_tools.failed'), event_id: id, item_id: id }),
  z.strictObject({
    type: z.literal('response.mcp_call_arguments.delta'),
    ...inResponse,
    item_id: id,
    delta: z.string(),
    // Stock clients pass over the event without it.
    obfuscation: z.string(),
  }),
  z.strictObject({
    type: z.literal('response.mcp_call_arguments.done'),
    ...inResponse,
    item_id: id,
    arguments: z.string(),
  }),
  z.strictObject({ type: z.literal('response.mcp_call.in_progress'), ...ofMcpCall }),
  z.strictObject({ type: z.literal('response.mcp_call.completed'), ...ofMcpCall }),
  z.strictObject({ type: z.literal('response.mcp_call.failed'), ...ofMcpCall }),
]);

/** An event that Parley sends. */
export type ServerEvent = z.infer<typeof serverEvent>;

type WithoutEventId<Event> = Event extends unknown ? Omit<Event, 'event_id'> : never;

/** An event before it got its id. */
export type ServerEventBody = WithoutEventId<ServerEvent>;
