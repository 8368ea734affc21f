import { z } from 'zod';
import { id } from './values.ts';

/**
 * What Hydra sends, as far as it is read. Keys that are not named pass: the vendor adds to its
 * events without notice.
 */
const text = z.string().nullish();

const response = z.object({
  id,
  /** `in_progress`, `completed`, `cancelled`, `incomplete`, `failed`. */
  status: text,
  status_details: z
    .object({
      /** `interrupted`, `client_cancelled`, `max_output_tokens`, `content_filter`. */
      reason: text,
      error: z.object({ type: text, code: text, message: text }).nullish(),
    })
    .nullish(),
  usage: z
    .object({
      input_tokens: z.number().nonnegative().nullish(),
      output_tokens: z.number().nonnegative().nullish(),
    })
    .nullish(),
});

/** A response as it is shown. */
export type WireResponse = z.infer<typeof response>;

/** Schemas of the events that mean something, by type. */
export const serverEventSchemas = {
  'session.created': z.object({ session_id: text }),
  'session.configured': z.object({
    session: z.object({ voice: text, output_audio_sample_rate: z.number().nullish() }).nullish(),
  }),
  'input_audio_buffer.speech_started': z.object({ item_id: id, audio_start_ms: z.number() }),
  'input_audio_buffer.speech_stopped': z.object({ item_id: text, audio_end_ms: z.number() }),
  'conversation.item.done': z.object({ item: z.object({ id, role: text, status: text }) }),
  'response.created': z.object({ response }),
  'response.output_audio.delta': z.object({ response_id: id, delta: z.string() }),
  'response.function_call_arguments.done': z.object({
    response_id: id,
    call_id: id,
    name: text,
    arguments: text,
  }),
  /** The name may come with the pieces only. */
  'response.function_call_arguments.delta': z.object({ call_id: id, name: text }),
  'response.done': z.object({ response }),
  /** Before `session.created`, of a model that goes away (`model_deprecated`). */
  warning: z.object({
    code: text,
    message: text,
    warning: z.object({ code: text, message: text }).nullish(),
  }),
  error: z.object({
    error: z.object({ type: text, code: text, message: text, event_id: text }),
  }),
} as const;

/** Type of an event that means something. */
export type ServerEventType = keyof typeof serverEventSchemas;

/** An event after its schema. */
export type ServerEvent = {
  [Type in ServerEventType]: { readonly type: Type } & z.infer<(typeof serverEventSchemas)[Type]>;
}[ServerEventType];

/** Events that are known and tell nothing that is needed. */
export const passedOver: ReadonlySet<string> = new Set([
  'session.updated',
  'conversation.item.added',
  'response.output_item.added',
  'response.output_item.done',
  'response.output_audio.done',
]);
