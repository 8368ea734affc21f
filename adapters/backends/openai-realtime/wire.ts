import { z } from 'zod';

/**
 * Events of the upstream, as far as they are read here. Keys that are not named pass: upstreams
 * add to their events without notice. What Parley itself sends as a server is in `protocol/`.
 */

const id = z.string().min(1);
const count = z.number().nonnegative().nullish();

const usage = z
  .object({
    input_token_details: z
      .object({
        text_tokens: count,
        audio_tokens: count,
        cached_tokens: count,
        cached_tokens_details: z.object({ text_tokens: count, audio_tokens: count }).nullish(),
      })
      .nullish(),
    output_token_details: z.object({ text_tokens: count, audio_tokens: count }).nullish(),
  })
  .nullish();

/** Tokens of a response as the upstream counts them. */
export type WireUsage = z.infer<typeof usage>;

const responseError = z.object({
  type: z.string().nullish(),
  code: z.string().nullish(),
  message: z.string().nullish(),
});

const response = z.object({
  id,
  status: z.string().nullish(),
  status_details: z
    .object({ reason: z.string().nullish(), error: responseError.nullish() })
    .nullish(),
  conversation_id: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  usage,
});

/** A response as the upstream shows it. */
export type WireResponse = z.infer<typeof response>;

const delta = z.object({ response_id: id, item_id: id, delta: z.string() });
const ofItem = z.object({ item_id: id });

const tool = z.object({
  name: z.string().min(1),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()).nullish(),
});

/** An item of any kind: what of it is read here. */
const item = z.object({
  id: z.string().nullish(),
  type: z.string(),
  status: z.string().nullish(),
  call_id: z.string().nullish(),
  name: z.string().nullish(),
  arguments: z.string().nullish(),
  // Of tools that the upstream runs; what is written otherwise is not there.
  server_label: z.string().nullish().catch(null),
  tools: z.array(tool).nullish().catch(null),
  output: z.string().nullish().catch(null),
  error: z
    .object({
      type: z.string().nullish(),
      code: z.number().nullish(),
      message: z.string().nullish(),
    })
    .nullish()
    .catch({}),
  approval_request_id: z.string().nullish().catch(null),
});
/** Where only items of such tools matter, others may be written as they like. */
const anyItem = z.object({ item: item.nullish().catch(null) });

/** An item after its schema. */
export type UpstreamItem = z.infer<typeof item>;

/** Schemas of the events that mean something here, by type. */
export const upstreamSchemas = {
  'session.created': z.object({}),
  'conversation.created': z.object({}),
  'session.updated': z.object({}),
  'response.created': z.object({ response }),
  'response.done': z.object({ response }),
  'response.output_audio.delta': delta,
  'response.output_audio_transcript.delta': delta,
  'response.output_text.delta': delta,
  'response.function_call_arguments.done': z.object({
    response_id: id,
    call_id: id,
    name: z.string().nullish(),
    arguments: z.string(),
  }),
  'response.output_item.added': anyItem.extend({ response_id: id }),
  'response.output_item.done': z.object({ response_id: id, item }),
  'conversation.item.added': anyItem,
  'conversation.item.done': anyItem,
  'mcp_list_tools.in_progress': ofItem,
  'mcp_list_tools.completed': ofItem,
  'mcp_list_tools.failed': ofItem,
  'response.mcp_call_arguments.done': z.object({ item_id: id, arguments: z.string() }),
  'response.mcp_call.in_progress': ofItem,
  'response.mcp_call.completed': ofItem,
  'response.mcp_call.failed': ofItem,
  'input_audio_buffer.committed': ofItem,
  'input_audio_buffer.speech_started': z.object({
    item_id: id,
    audio_start_ms: z.number().nullish(),
  }),
  'input_audio_buffer.speech_stopped': z.object({
    item_id: id,
    audio_end_ms: z.number().nullish(),
  }),
  'conversation.item.input_audio_transcription.delta': z.object({
    item_id: id,
    delta: z.string().nullish(),
  }),
  'conversation.item.input_audio_transcription.updated': z.object({
    item_id: id,
    transcript: z.string(),
  }),
  'conversation.item.input_audio_transcription.completed': z.object({
    item_id: id,
    transcript: z.string(),
    status: z.string().nullish(),
  }),
  'conversation.item.input_audio_transcription.failed': ofItem,
  error: z.object({
    error: z.object({
      type: z.string().nullish(),
      code: z.string().nullish(),
      message: z.string().nullish(),
      event_id: z.string().nullish(),
    }),
  }),
} as const;

/** Type of an event that means something here. */
export type ReadType = keyof typeof upstreamSchemas;

/** An event after its schema. */
export type ReadEvent = {
  [Type in ReadType]: { readonly type: Type } & z.infer<(typeof upstreamSchemas)[Type]>;
}[ReadType];

/** Events that are known and tell nothing that is needed here. */
export const passedOver: ReadonlySet<string> = new Set([
  'conversation.item.created',
  'conversation.item.retrieved',
  'conversation.item.truncated',
  'conversation.item.deleted',
  'conversation.item.input_audio_transcription.segment',
  'input_audio_buffer.cleared',
  'input_audio_buffer.timeout_triggered',
  'output_audio_buffer.started',
  'output_audio_buffer.stopped',
  'output_audio_buffer.cleared',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_audio.done',
  'response.output_audio_transcript.done',
  'response.output_text.done',
  'response.function_call_arguments.delta',
  'response.mcp_call_arguments.delta',
  'rate_limits.updated',
  'ping',
]);
