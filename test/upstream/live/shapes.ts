import { z } from 'zod';

/** A rule of the wire was broken: what an `error` event says. */
export class WireError extends Error {
  readonly code: string;
  readonly param: string | null;

  constructor(code: string, message: string, param: string | null = null) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.param = param;
  }
}

const maybe = <T extends z.ZodType>(type: T) => type.nullish();
const id = maybe(z.string().max(512));

const tool = z.union([
  z.strictObject({
    type: z.literal('function'),
    name: z.string().min(1).max(64),
    description: maybe(z.string()),
    parameters: maybe(z.record(z.string(), z.unknown())),
    strict: maybe(z.boolean()),
  }),
  z.looseObject({
    type: z.enum(['web_search', 'file_search', 'code_interpreter', 'mcp', 'custom']),
  }),
]);
const backend = {
  instructions: maybe(z.string()),
  max_output_tokens: maybe(z.int().min(16)),
  parallel_tool_calls: maybe(z.boolean()),
  reasoning: maybe(z.looseObject({})),
  service_tier: maybe(z.string()),
  text: maybe(z.looseObject({})),
  tool_choice: z
    .union([z.enum(['auto', 'none', 'required']), z.looseObject({ type: z.string() })])
    .optional(),
  tools: z.array(tool).optional(),
};
const delay = { acknowledgement_delay_ms: z.int().min(0).optional() };
const delegation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('client'), ...delay }),
  z.strictObject({
    type: z.literal('responses'),
    ...delay,
    responses: z.strictObject({ model: z.string().min(1), ...backend }),
  }),
]);
const delegationUpdate = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('client'), ...delay }),
  z.strictObject({
    type: z.literal('responses'),
    ...delay,
    responses: z.strictObject({ model: z.string().min(1).optional(), ...backend }).optional(),
  }),
]);
export type Delegation = z.infer<typeof delegation>;
export type DelegationWish = z.infer<typeof delegationUpdate>;

const given = {
  type: z.literal('message').optional(),
  id: id,
  status: maybe(z.string()),
};
const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const initial = z.discriminatedUnion('role', [
  z.strictObject({
    ...given,
    role: z.enum(['developer', 'user']),
    content: z.array(inputText).length(1),
  }),
  z.strictObject({
    ...given,
    role: z.literal('assistant'),
    content: z
      .array(z.strictObject({ type: z.enum(['text', 'output_text']), text: z.string() }))
      .length(1),
  }),
]);

/** Characters that stand for a token. */
const charactersPerToken = 4;

const session = z.strictObject({
  model: z.string().min(1),
  instructions: maybe(z.string().max(16_384 * charactersPerToken)),
  audio: z
    .strictObject({
      format: z
        .discriminatedUnion('type', [
          z.strictObject({
            type: z.literal('audio/pcm'),
            rate: z.union([z.literal(16_000), z.literal(24_000)]),
          }),
          z.strictObject({ type: z.literal('audio/pcmu'), rate: z.literal(8_000) }),
          z.strictObject({ type: z.literal('audio/pcma'), rate: z.literal(8_000) }),
        ])
        .optional(),
      output: z
        .strictObject({
          voice: z
            .union([z.string().min(1), z.strictObject({ id: z.string().min(1).max(128) })])
            .optional(),
        })
        .optional(),
    })
    .optional(),
  delegation: maybe(delegation),
  input: z
    .array(initial)
    .max(128)
    .refine(
      (items) =>
        items.reduce((sum, { content }) => sum + (content[0]?.text.length ?? 0), 0) <=
        8_192 * charactersPerToken,
      { error: 'more than 8192 tokens' },
    )
    .optional(),
  store: z.boolean().optional(),
});
export type StartSession = z.infer<typeof session>;

const event = <Type extends string, Fields extends z.core.$ZodLooseShape>(
  type: Type,
  fields: Fields,
) => z.strictObject({ type: z.literal(type), event_id: id, ...fields });
const append = <Type extends string>(type: Type) =>
  event(type, {
    content: z
      .string()
      .min(1)
      .max(500 * charactersPerToken),
    delegation_id: z.string().nullable(),
  });

const schemas = {
  'session.start': event('session.start', { session }),
  'session.update': event('session.update', {
    session: z.strictObject({ delegation: delegationUpdate.nullish() }),
  }),
  'session.input_audio.append': event('session.input_audio.append', { audio: z.string() }),
  'session.input_audio.mute': event('session.input_audio.mute', {}),
  'session.input_audio.unmute': event('session.input_audio.unmute', {}),
  'session.output_audio.fixture.play': event('session.output_audio.fixture.play', {
    audio: z.string(),
  }),
  'session.instructions.append': append('session.instructions.append'),
  'session.thinking.append': append('session.thinking.append'),
  'session.commentary.append': append('session.commentary.append'),
  'response.item.create': event('response.item.create', {
    item: z.looseObject({ type: z.string() }),
  }),
  'response.create': event('response.create', {}),
  'session.close': event('session.close', {}),
} as const;

export type ClientEventType = keyof typeof schemas;
export type ClientEvent = {
  [Type in ClientEventType]: z.infer<(typeof schemas)[Type]> & { readonly type: Type };
}[ClientEventType];

export type AppendEvent = Extract<
  ClientEvent,
  { type: `session.${string}.append`; content: string }
>;

/** Reads one message. @throws WireError as the service refuses it */
export function readEvent(text: string): ClientEvent {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new WireError('invalid_event', 'The message is not valid JSON.');
  }
  const type: unknown = (raw as { readonly type?: unknown } | null)?.type;
  if (typeof type !== 'string' || !Object.hasOwn(schemas, type)) {
    const known = Object.keys(schemas).join(', ');
    throw new WireError('invalid_event', `Unsupported event. Supported: ${known}.`, 'type');
  }
  const parsed = schemas[type as ClientEventType].safeParse(raw);
  if (parsed.success) return parsed.data;
  throw problemOf(parsed.error.issues[0]);
}

function problemOf(issue: z.core.$ZodIssue | undefined): WireError {
  const path = [...(issue?.path ?? [])];
  if (issue?.code === 'unrecognized_keys') {
    path.push(issue.keys[0] ?? '');
    const param = path.join('.');
    return new WireError('unknown_parameter', `Unknown parameter: '${param}'.`, param);
  }
  const param = path.join('.');
  if (issue?.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return new WireError('missing_required_parameter', `Missing parameter '${param}'.`, param);
  }
  return new WireError('invalid_value', `Invalid '${param}': ${issue?.message ?? ''}`, param);
}

/** Raw samples of a message. @throws WireError `invalid_audio` */
export function readAudio(base64: string, sampleBytes: number): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  const whole = bytes.toString('base64') === base64 && bytes.byteLength % sampleBytes === 0;
  if (!whole) throw new WireError('invalid_audio', 'Audio is not whole samples.', 'audio');
  return bytes;
}
