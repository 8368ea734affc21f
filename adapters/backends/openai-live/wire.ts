import { z } from 'zod';

const text = z.string();
const ms = z.number().nonnegative();
const words = z.object({ delta: text, start_ms: ms, end_ms: ms });
const session = z.object({ id: text, expires_at: z.number().nullish() });
const seconds = z.object({ seconds: z.number().nonnegative() });
const appended = z.object({ client_event_id: text.nullish() });

/** What is read of the upstream's events, by type: no more than is needed. */
export const upstreamSchemas = {
  'session.started': z.object({ session }),
  'session.input_transcript.delta': words,
  'session.output_transcript.delta': words,
  'session.output_audio.delta': z.object({ delta: text }),
  'session.instructions.appended': appended,
  'session.thinking.appended': appended,
  'session.commentary.appended': appended,
  'session.delegation.created': z.object({
    delegation: z.object({ id: text, target: text, response_id: text.nullish() }),
  }),
  'response.event': z.object({
    delegation_id: text.nullish(),
    event: z.looseObject({ type: text }),
  }),
  'session.usage.updated': z.object({ usage: seconds }),
  'session.closed': z.object({ reason: text, usage: seconds.nullish() }),
  error: z.object({
    error: z.object({
      type: text.nullish(),
      code: text.nullish(),
      message: text.nullish(),
      client_event_id: text.nullish(),
    }),
  }),
} as const;

/** A function call of the delegated work, as its item is done. */
export const functionCallSchema = z.object({
  type: z.literal('function_call'),
  call_id: text.min(1),
  name: text.min(1),
  arguments: text,
  status: text.nullish(),
});

/** The end of a round of delegated work. */
export const completedSchema = z.object({
  id: text,
  usage: z
    .object({ input_tokens: z.number().nullish(), output_tokens: z.number().nullish() })
    .nullish(),
});

export type ReadType = keyof typeof upstreamSchemas;
export type ReadEvent = {
  [Type in ReadType]: z.infer<(typeof upstreamSchemas)[Type]> & { readonly type: Type };
}[ReadType];

/** Known, and of no interest here. */
export const passedOver: ReadonlySet<string> = new Set([
  'session.updated',
  'session.input_audio.muted',
  'session.input_audio.unmuted',
  'session.output_audio.fixture.playing',
  'session.output_audio.fixture.played',
  'info',
]);
