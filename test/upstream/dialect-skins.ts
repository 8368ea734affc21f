import { WireError } from './conversation.ts';
import type { Outgoing } from './generated-response.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * How the stand-in speaks a dialect: what it takes is brought into today's form, or refused where
 * the dialect has no such thing; what it says is brought into the dialect's.
 */
export interface DialectSkin {
  /** Said before `session.created`. */
  readonly greeting: readonly Outgoing[];
  /** @throws WireError where the dialect does not have it */
  incoming(event: Fields): Fields;
  outgoing(event: Outgoing): readonly Outgoing[];
}

/** Dialects that the stand-in speaks. */
export type SkinName = 'ga' | 'xai' | 'voice-live' | 'speaches' | 'local';

const unchanged = (event: Fields): Fields => event;
const alone = (event: Outgoing): readonly Outgoing[] => [event];

/** Names of the beta protocol, by today's. */
const betaNames: Readonly<Record<string, string>> = {
  'response.output_audio.delta': 'response.audio.delta',
  'response.output_audio.done': 'response.audio.done',
  'response.output_audio_transcript.delta': 'response.audio_transcript.delta',
  'response.output_audio_transcript.done': 'response.audio_transcript.done',
  'response.output_text.delta': 'response.text.delta',
  'response.output_text.done': 'response.text.done',
  'conversation.item.added': 'conversation.item.created',
};

/** A server of one's own, today's names: no truncation, nothing beside the conversation. */
const local: DialectSkin = {
  greeting: [],
  incoming: (event) => {
    if (event['type'] === 'conversation.item.truncate') throw unknownType(event);
    if (event['type'] === 'response.create') only(event['response'], gaResponse);
    return event;
  },
  outgoing: (event) => [withoutMetadata(event)],
};

const voiceLive: DialectSkin = {
  greeting: [],
  incoming: (event) => {
    switch (event['type']) {
      case 'session.update':
        return { ...event, session: fromFlat(event['session'], flatSession) };
      case 'response.create':
        if (event['response'] === undefined) return event;
        return { ...event, response: withoutType(fromFlat(event['response'], flatResponse)) };
      default:
        return event;
    }
  },
  outgoing: (event) => {
    if (event.type === 'conversation.item.done') return [];
    const said = withoutMetadata({ ...event, type: betaNames[event.type] ?? event.type });
    if (event.type !== 'response.output_audio.delta') return [said];
    const { response_id, item_id } = event;
    // Word times, which only this dialect has.
    const word = { type: 'response.audio_timestamp.delta', response_id, item_id, text: 'word' };
    return [said, word];
  },
};

const speaches: DialectSkin = {
  ...voiceLive,
  incoming: (event) => {
    if (event['type'] === 'conversation.item.truncate') throw unknownType(event);
    return voiceLive.incoming(event);
  },
  outgoing: (event) =>
    voiceLive.outgoing(event).filter(({ type }) => type !== 'response.audio_timestamp.delta'),
};

const xai: DialectSkin = {
  greeting: [
    {
      type: 'conversation.created',
      conversation: { id: 'conv_1', object: 'realtime.conversation' },
    },
    { type: 'ping', timestamp: 1 },
  ],
  incoming: (event) => {
    if (event['type'] === 'response.create') {
      const { modalities } = only(event['response'], ['modalities']);
      return present({ ...event, response: present({ output_modalities: modality(modalities) }) });
    }
    if (event['type'] !== 'session.update') return event;
    const { voice, turn_detection, audio, ...rest } = only(event['session'], [
      'instructions',
      'voice',
      'turn_detection',
      'audio',
      'tools',
    ]);
    const { input, output } = only(audio, ['input', 'output']);
    const up = only(input, ['format', 'transcription']);
    const down = only(output, ['format']);
    const session = {
      type: 'realtime',
      ...rest,
      audio: {
        input: { ...up, ...(turn_detection === undefined ? {} : { turn_detection }) },
        output: { ...down, ...(voice === undefined ? {} : { voice }) },
      },
    };
    return { ...event, session };
  },
  outgoing: (event) => {
    const said = withoutMetadata(event);
    const transcription = 'conversation.item.input_audio_transcription';
    switch (event.type) {
      case `${transcription}.delta`:
        return [{ ...said, type: `${transcription}.updated`, transcript: event['delta'] }];
      case `${transcription}.completed`:
        return [{ ...said, status: 'in_progress' }, said];
      case 'conversation.item.added':
        return [{ ...said, previous_item_id: 'item_that_nobody_knows' }];
      // It does not say where on the audio.
      case 'input_audio_buffer.speech_started':
      case 'input_audio_buffer.speech_stopped':
        return [{ type: event.type, item_id: event['item_id'] }];
      default:
        return [said];
    }
  },
};

/** Every dialect of the stand-in. */
export const skins: Readonly<Record<SkinName, DialectSkin>> = {
  ga: { greeting: [], incoming: unchanged, outgoing: alone },
  xai,
  'voice-live': voiceLive,
  speaches,
  local,
};

const gaResponse = [
  'instructions',
  'audio',
  'output_modalities',
  'tools',
  'tool_choice',
  'max_output_tokens',
  'input',
];
const flatCommon = [
  'modalities',
  'instructions',
  'voice',
  'tools',
  'tool_choice',
  'max_response_output_tokens',
];
const flatSession = [
  ...flatCommon,
  'input_audio_format',
  'output_audio_format',
  'input_audio_transcription',
  'turn_detection',
];
const flatResponse = [...flatCommon, 'input', 'output_audio_format'];
const flatFormats: Readonly<Record<string, string>> = {
  pcm16: 'audio/pcm',
  g711_ulaw: 'audio/pcmu',
  g711_alaw: 'audio/pcma',
};

/** Flat settings in today's form. */
function fromFlat(value: unknown, allowed: readonly string[]): Fields {
  const flat = only(value, allowed);
  const {
    modalities,
    voice,
    input_audio_format: inputFormat,
    output_audio_format: outputFormat,
    input_audio_transcription: transcription,
    turn_detection: detection,
    max_response_output_tokens: tokens,
    ...rest
  } = flat;
  const input = present({ format: format(inputFormat), transcription, turn_detection: detection });
  const output = present({ format: format(outputFormat), voice: voiceName(voice) });
  return present({
    type: 'realtime',
    ...rest,
    output_modalities: modality(modalities),
    max_output_tokens: tokens,
    audio: present({
      input: Object.keys(input).length === 0 ? undefined : input,
      output: Object.keys(output).length === 0 ? undefined : output,
    }),
  });
}

function format(word: unknown): Fields | undefined {
  if (word === undefined) return undefined;
  const type = typeof word === 'string' ? flatFormats[word] : undefined;
  if (type === undefined) throw new WireError('invalid_value', 'Invalid format.', 'session');
  return { type };
}

/** Sound is never without its words there. */
function modality(modalities: unknown): string[] | undefined {
  if (modalities === undefined) return undefined;
  const written = JSON.stringify(modalities);
  if (written === '["text"]') return ['text'];
  if (written === '["text","audio"]') return ['audio'];
  throw new WireError('invalid_value', `Invalid modalities: ${written}.`, 'modalities');
}

function voiceName(voice: unknown): unknown {
  if (typeof voice !== 'object' || voice === null) return voice;
  return (voice as { readonly name?: unknown }).name;
}

function withoutType(fields: Fields): Fields {
  return present({ ...fields, type: undefined });
}

/** @throws WireError where it has anything else */
function only(value: unknown, allowed: readonly string[]): Fields {
  const fields = (value ?? {}) as Fields;
  const other = Object.keys(fields).find((name) => !allowed.includes(name));
  if (other === undefined) return fields;
  throw new WireError('unknown_parameter', `Unknown parameter: '${other}'.`, other);
}

function withoutMetadata(event: Outgoing): Outgoing {
  const { response } = event;
  if (typeof response !== 'object' || response === null) return event;
  const bare = present({ ...response, metadata: undefined, conversation_id: undefined });
  return { ...event, response: bare };
}

function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function unknownType(event: Fields): WireError {
  return new WireError('invalid_value', `Invalid value: '${String(event['type'])}'.`, 'type');
}
