import { z } from 'zod';
import { sessionConfigSchema, sessionUpdateSchema } from './session.ts';
import { eventIdSchema } from './values.ts';

const event = <Type extends string, Fields extends z.core.$ZodLooseShape>(
  type: Type,
  fields: Fields,
) => z.strictObject({ type: z.literal(type), event_id: eventIdSchema, ...fields });

/** Longest append, characters: 500 tokens of four each. */
const appendLimit = 2_000;

const append = <Type extends string>(type: Type) =>
  event(type, {
    content: z.string().min(1).max(appendLimit),
    delegation_id: z.string().max(512).nullable(),
  });

/** Events about questions to a Decisions model: known, and refused by whoever reads them. */
const decision = <Type extends string>(type: Type) =>
  z.looseObject({ type: z.literal(type), event_id: eventIdSchema });

const toolOutput = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: z.string().min(1).max(512),
  output: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]),
  id: z.string().max(512).nullish(),
  status: z.string().nullish(),
});
const message = z.strictObject({
  type: z.literal('message').optional(),
  role: z.enum(['user', 'system', 'developer', 'assistant']),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]),
  id: z.string().max(512).nullish(),
  status: z.string().nullish(),
});
/** Known by its type; refused by whoever reads it. */
const otherItem = z.looseObject({
  type: z.string().refine((type) => type !== 'function_call_output' && type !== 'message'),
});

/** Every event that a client may send, by its type. */
export const clientEventSchemas = {
  'session.start': event('session.start', { session: sessionConfigSchema }),
  'session.update': event('session.update', { session: sessionUpdateSchema }),
  'session.input_audio.append': event('session.input_audio.append', { audio: z.string() }),
  'session.input_audio.mute': event('session.input_audio.mute', {}),
  'session.input_audio.unmute': event('session.input_audio.unmute', {}),
  'session.output_audio.fixture.play': event('session.output_audio.fixture.play', {
    audio: z.string(),
  }),
  'session.instructions.append': append('session.instructions.append'),
  'session.thinking.append': append('session.thinking.append'),
  'session.commentary.append': append('session.commentary.append'),
  'decision.create': decision('decision.create'),
  'decision.item.create': decision('decision.item.create'),
  'decision.item.delete': decision('decision.item.delete'),
  'response.item.create': event('response.item.create', {
    item: z.union([toolOutput, message, otherItem]),
  }),
  'response.create': event('response.create', {}),
  'transport.dtmf.send': event('transport.dtmf.send', { event: z.string() }),
  'session.close': event('session.close', {}),
} as const;

export type ClientEventType = keyof typeof clientEventSchemas;
export type ClientEvent = {
  [Type in ClientEventType]: z.infer<(typeof clientEventSchemas)[Type]> & { readonly type: Type };
}[ClientEventType];
