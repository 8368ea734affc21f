export type WireEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** What a client wants of its call. */
export interface Wish {
  readonly instructions?: string;
  /** It runs a function `look`. */
  readonly tool?: boolean;
}

/** A wire that clients speak: what is said on it for what the contract asks. */
export interface ClientWire {
  readonly name: string;
  readonly path: (agent: string) => string;
  /** Codes of its own: another agent than there is, an event that nobody knows. */
  readonly codes: { readonly unknownAgent: string; readonly unknownEvent: string };
  /** An answer has an end of its own on this wire. */
  readonly endsAnswers: boolean;
  /** Said first, and what comes of it once the call has begun; `null`: nothing needs be said. */
  readonly begin: (agent: string, wish: Wish) => readonly object[];
  readonly begun: string;
  /** Something that is answered by an event with this id, and changes nothing. */
  readonly harmless: (eventId: string) => object;
  /** Something that is answered by a long event, with the call's instructions in it. */
  readonly heavy: object;
  readonly isAnswer: (event: WireEvent, eventId: string) => boolean;
  readonly append: (audio: string) => object;
  readonly mute: (muted: boolean) => object;
  /** Agent audio in an event, base64. */
  readonly audioOf: (event: WireEvent) => string | null;
  /** Id of the function call that an event tells about, once it is complete. */
  readonly callOf: (event: WireEvent) => string | null;
  readonly output: (callId: string, output: string) => readonly object[];
  /** The event ends an answer, or a round of calls. */
  readonly isEnd: (event: WireEvent) => boolean;
  /** Said by a client that leaves in order; `null`: it closes its socket. */
  readonly leave: object | null;
  /** Last word before the socket closes, where the call was ended from the other side. */
  readonly lastWord: Readonly<Record<'expired' | 'shutdown', object | null>>;
}

const look = { type: 'function', name: 'look', parameters: { type: 'object', properties: {} } };

export const realtimeWire: ClientWire = {
  name: 'openai-realtime',
  path: (agent) => `/v1/realtime?model=${agent}`,
  codes: { unknownAgent: 'agent_not_found', unknownEvent: 'invalid_value' },
  endsAnswers: true,
  begin: (_agent, { instructions, tool = false }) => [
    {
      type: 'session.update',
      session: {
        type: 'realtime',
        ...(instructions === undefined ? {} : { instructions }),
        ...(tool ? { tools: [look] } : {}),
      },
    },
  ],
  begun: 'session.updated',
  harmless: (event_id) => ({ type: 'conversation.item.retrieve', event_id, item_id: 'none' }),
  heavy: { type: 'session.update', session: { type: 'realtime' } },
  isAnswer: ({ type, error }, eventId) =>
    type === 'error' && (error as { event_id?: unknown }).event_id === eventId,
  append: (audio) => ({ type: 'input_audio_buffer.append', event_id: 'append', audio }),
  mute: (muted) => ({ type: 'parley.mute', muted }),
  audioOf: ({ type, delta }) => (type === 'response.output_audio.delta' ? String(delta) : null),
  callOf: ({ type, call_id: id }) =>
    type === 'response.function_call_arguments.done' ? String(id) : null,
  output: (call_id, output) => [
    { type: 'conversation.item.create', item: { type: 'function_call_output', call_id, output } },
    { type: 'response.create' },
  ],
  isEnd: ({ type }) => type === 'response.done',
  leave: null,
  lastWord: { expired: { type: 'error', error: { code: 'session_expired' } }, shutdown: null },
};

export const liveWire: ClientWire = {
  name: 'openai-live',
  path: () => '/v1/live/sessions',
  codes: { unknownAgent: 'model_not_found', unknownEvent: 'invalid_event' },
  endsAnswers: false,
  begin: (model, { instructions, tool = false }) => [
    {
      type: 'session.start',
      session: {
        model,
        ...(instructions === undefined ? {} : { instructions }),
        ...(tool ? { delegation: { type: 'responses', responses: { model, tools: [look] } } } : {}),
      },
    },
  ],
  begun: 'session.started',
  harmless: (event_id) => ({ type: 'session.update', event_id, session: {} }),
  heavy: { type: 'session.update', session: {} },
  isAnswer: ({ client_event_id: id }, eventId) => id === eventId,
  append: (audio) => ({ type: 'session.input_audio.append', event_id: 'append', audio }),
  mute: (muted) => ({ type: `session.input_audio.${muted ? 'mute' : 'unmute'}` }),
  audioOf: ({ type, delta }) => (type === 'session.output_audio.delta' ? String(delta) : null),
  callOf: ({ type, event }) => {
    if (type !== 'response.event') return null;
    const { type: nested, item } = event as { type: string; item?: { call_id?: string } };
    return nested === 'response.output_item.done' ? (item?.call_id ?? null) : null;
  },
  output: (call_id, output) => [
    { type: 'response.item.create', item: { type: 'function_call_output', call_id, output } },
    { type: 'response.create' },
  ],
  isEnd: ({ type, event }) =>
    type === 'response.event' && (event as { type: string }).type === 'response.completed',
  leave: { type: 'session.close' },
  lastWord: {
    expired: { type: 'session.closed', reason: 'expired' },
    shutdown: { type: 'session.closed', reason: 'connection_lost' },
  },
};
