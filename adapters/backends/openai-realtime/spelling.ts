import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';
import type { ResponseParams } from '../../../protocol/openai-realtime/response.ts';
import type { Dialect } from './dialects.ts';
import type { WireSession } from './session-settings.ts';

type Fields = Readonly<Record<string, unknown>>;
type WireInput = NonNullable<NonNullable<WireSession['audio']>['input']>;

/**
 * An event of ours as the dialect writes it: settings and requests for responses differ, nothing
 * else does.
 *
 * @returns `null` where nothing of it can be said in the dialect
 */
export function spelled(event: ClientEvent, dialect: Dialect): Fields | null {
  if (event.type === 'session.update') {
    // Every session of ours is one that answers.
    const session = spelledSession(event.session as WireSession, dialect);
    return session === null ? null : { ...event, session };
  }
  if (event.type === 'response.create') {
    const { response, ...rest } = event;
    const params = spelledResponse(response ?? {}, dialect);
    return Object.keys(params).length === 0 ? rest : { ...rest, response: params };
  }
  return event;
}

function spelledSession(session: WireSession, dialect: Dialect): Fields | null {
  if (dialect.settings === 'ga') return withDetection(session, dialect);
  const { audio, tools, tool_choice, max_output_tokens, output_modalities } = session;
  const { input = {}, output = {} } = audio ?? {};
  const detection =
    input.turn_detection === undefined ? undefined : detectionOf(input.turn_detection, dialect);
  const common = {
    instructions: session.instructions,
    voice: output.voice === undefined ? undefined : voiceOf(output.voice, dialect),
    turn_detection: detection,
    tools,
  };
  const fields =
    dialect.settings === 'mixed'
      ? present({ ...common, audio: mixedAudio(input, output) })
      : present({
          modalities: modalitiesOf(output_modalities),
          ...common,
          input_audio_format: flatFormat(input.format),
          output_audio_format: flatFormat(output.format),
          input_audio_transcription: input.transcription,
          tool_choice,
          max_response_output_tokens: max_output_tokens,
        });
  return Object.keys(fields).length === 0 ? null : fields;
}

function withDetection(session: WireSession, dialect: Dialect): Fields {
  const { audio } = session;
  const detection = audio?.input?.turn_detection;
  if (detection === undefined || detection === null) return session;
  const input = { ...audio?.input, turn_detection: detectionOf(detection, dialect) };
  return { ...session, audio: { ...audio, input } };
}

function mixedAudio(
  input: WireInput,
  output: NonNullable<NonNullable<WireSession['audio']>['output']>,
): Fields | undefined {
  const up = present({ format: input.format, transcription: input.transcription });
  const down = present({ format: output.format });
  const audio = present({
    input: Object.keys(up).length === 0 ? undefined : up,
    output: Object.keys(down).length === 0 ? undefined : down,
  });
  return Object.keys(audio).length === 0 ? undefined : audio;
}

function spelledResponse(params: ResponseParams, dialect: Dialect): Fields {
  const { metadata, ...rest } = params;
  const kept = { ...rest, ...(dialect.echoesMetadata ? { metadata } : {}) };
  if (dialect.settings === 'ga') return present(kept);
  const { audio, output_modalities, max_output_tokens, ...others } = kept;
  const voice = audio?.output?.voice;
  return present({
    ...others,
    modalities: modalitiesOf(output_modalities),
    voice: voice === undefined ? undefined : voiceOf(voice, dialect),
    max_response_output_tokens: max_output_tokens,
  });
}

/** Of the detection what the dialect has: another kind where it lacks this one. */
function detectionOf(detection: WireInput['turn_detection'], dialect: Dialect): Fields | null {
  if (detection === null || detection === undefined) return null;
  const { create_response, interrupt_response } = detection;
  const answering = { create_response, interrupt_response };
  const { semanticDetection: semantic } = dialect;
  if (detection.type === 'semantic_vad') {
    if (semantic === null) return present({ type: 'server_vad', ...answering });
    return present(
      semantic === detection.type ? { ...detection } : { type: semantic, ...answering },
    );
  }
  if (dialect.settings === 'ga') return present(detection);
  return present({ ...detection, idle_timeout_ms: undefined });
}

function voiceOf(voice: unknown, { otherVoices }: Dialect): unknown {
  // Azure's own voices are named by their language: en-US-…
  const isOther = typeof voice === 'string' && /^[a-z]{2,3}-[A-Z]{2}-/.test(voice);
  return otherVoices !== null && isOther ? { type: otherVoices, name: voice } : voice;
}

function modalitiesOf(modalities: readonly string[] | undefined): string[] | undefined {
  if (modalities === undefined) return undefined;
  return modalities.includes('audio') ? ['text', 'audio'] : ['text'];
}

function flatFormat(format: WireInput['format']): string | undefined {
  switch (format?.type) {
    case undefined:
      return undefined;
    case 'audio/pcm':
      return 'pcm16';
    case 'audio/pcmu':
      return 'g711_ulaw';
    case 'audio/pcma':
      return 'g711_alaw';
  }
}

function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
