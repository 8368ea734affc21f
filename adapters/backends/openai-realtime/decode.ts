import type { LineOutcome, Usage } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { withoutSecrets } from '../../shared/secrets.ts';
import { upstreamObject } from '../../shared/upstream-object.ts';
import { audioBytes, scanAudioDelta, type AudioDelta } from './audio-delta.ts';
import type { Dialect } from './dialects.ts';
import { lineMetadataKey } from './encode.ts';
import { itemSighting, type Sighting } from './server-sightings.ts';
import { responseError, type UpstreamError } from './upstream-error.ts';
import {
  passedOver,
  upstreamSchemas,
  type ReadEvent,
  type ReadType,
  type WireResponse,
  type WireUsage,
} from './wire.ts';

/** Which response an event is about. */
interface OfResponse {
  readonly responseId: string;
  /** The line it was asked for as, where the upstream repeats that. */
  readonly lineId: string | null;
  /** `null` where the upstream does not say. */
  readonly outOfBand: boolean | null;
}

/** What a message of the upstream means. */
export type UpstreamEvent =
  | { readonly type: 'greeting'; readonly name: 'session.created' | 'conversation.created' }
  | { readonly type: 'session.updated' }
  | ({ readonly type: 'response.created' } & OfResponse)
  | ({
      readonly type: 'response.done';
      readonly outcome: LineOutcome;
      readonly usage: Usage | null;
    } & OfResponse)
  | ({ readonly type: 'audio' } & AudioDelta)
  | { readonly type: 'text'; readonly responseId: string; readonly delta: string }
  | {
      readonly type: 'tool';
      readonly responseId: string;
      readonly toolCallId: string;
      readonly name: string;
      readonly arguments: string;
    }
  /** Of a tool that the upstream runs. */
  | { readonly type: 'server_tool'; readonly sighting: Sighting }
  | { readonly type: 'committed'; readonly itemId: string }
  /** `atMs`: on the audio it was sent; `null` where it does not say. */
  | { readonly type: 'speech'; readonly speaking: boolean; readonly atMs: number | null }
  | { readonly type: 'transcript.delta'; readonly itemId: string; readonly delta: string }
  /** All of it so far, in place of what came before. */
  | { readonly type: 'transcript.whole'; readonly itemId: string; readonly text: string }
  | { readonly type: 'transcript.done'; readonly itemId: string; readonly text: string }
  | { readonly type: 'transcript.failed'; readonly itemId: string }
  | { readonly type: 'error'; readonly error: UpstreamError }
  /** Known, and of no interest. */
  | { readonly type: 'passed' }
  /** Of a type that nobody here knows. */
  | { readonly type: 'unknown'; readonly name: string };

/** What reading depends on. */
export interface DecodeContext {
  readonly dialect: Dialect;
  /** Is cut out of any text that is repeated. */
  readonly secret: string | null;
}

/**
 * Reads one message of the upstream.
 *
 * @throws CallError `backend_protocol` when it is malformed; the message quotes nothing of it
 */
export function decode(message: Buffer, context: DecodeContext): UpstreamEvent {
  const audio = scanAudioDelta(message, context.dialect);
  if (audio !== null) return { type: 'audio', ...audio };
  const raw = upstreamObject(message);
  const name = raw['type'];
  if (typeof name !== 'string') {
    throw new CallError('backend_protocol', 'the upstream sent an event without a type');
  }
  const { renamed } = context.dialect;
  const type = Object.hasOwn(renamed, name) ? renamed[name]! : name;
  if (!isRead(type)) {
    return passedOver.has(type)
      ? { type: 'passed' }
      : { type: 'unknown', name: withoutSecrets(type, context.secret) };
  }
  const parsed = upstreamSchemas[type].safeParse(raw);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new CallError('backend_protocol', `the upstream sent a malformed ${type} (${path})`);
  }
  return meaning({ type, ...parsed.data } as ReadEvent, context);
}

function isRead(type: string): type is ReadType {
  return Object.hasOwn(upstreamSchemas, type);
}

function meaning(event: ReadEvent, { secret }: DecodeContext): UpstreamEvent {
  switch (event.type) {
    case 'session.created':
    case 'conversation.created':
      return { type: 'greeting', name: event.type };
    case 'session.updated':
      return { type: event.type };
    case 'response.created':
      return { type: 'response.created', ...ofResponse(event.response) };
    case 'response.done':
      return {
        type: 'response.done',
        ...ofResponse(event.response),
        outcome: outcomeOf(event.response, secret),
        usage: usageOf(event.response.usage),
      };
    case 'response.output_audio.delta': {
      const { response_id: responseId, item_id: itemId, delta } = event;
      return { type: 'audio', responseId, itemId, bytes: audioBytes(delta) };
    }
    case 'response.output_audio_transcript.delta':
    case 'response.output_text.delta':
      return { type: 'text', responseId: event.response_id, delta: event.delta };
    case 'response.function_call_arguments.done':
      return toolOf(event.response_id, { ...event, status: 'completed' });
    case 'response.output_item.done':
      if (event.item.type === 'function_call') return toolOf(event.response_id, event.item);
      return serverTool(itemSighting(event.item, event.response_id, true));
    case 'response.output_item.added':
      return serverTool(itemSighting(event.item, event.response_id, false));
    case 'conversation.item.added':
      return serverTool(itemSighting(event.item, null, false));
    case 'conversation.item.done':
      return serverTool(itemSighting(event.item, null, true));
    case 'mcp_list_tools.in_progress':
      return { type: 'passed' };
    case 'mcp_list_tools.completed':
    case 'mcp_list_tools.failed':
    case 'response.mcp_call.in_progress':
    case 'response.mcp_call.completed':
    case 'response.mcp_call.failed':
      return serverTool({ kind: stageOf[event.type], itemId: event.item_id });
    case 'response.mcp_call_arguments.done':
      return serverTool({
        kind: 'call.arguments',
        itemId: event.item_id,
        arguments: event.arguments,
      });
    case 'input_audio_buffer.committed':
      return { type: 'committed', itemId: event.item_id };
    case 'input_audio_buffer.speech_started':
      return { type: 'speech', speaking: true, atMs: event.audio_start_ms ?? null };
    case 'input_audio_buffer.speech_stopped':
      return { type: 'speech', speaking: false, atMs: event.audio_end_ms ?? null };
    case 'conversation.item.input_audio_transcription.delta':
      return { type: 'transcript.delta', itemId: event.item_id, delta: event.delta ?? '' };
    case 'conversation.item.input_audio_transcription.updated':
      return { type: 'transcript.whole', itemId: event.item_id, text: event.transcript };
    case 'conversation.item.input_audio_transcription.completed': {
      // Some say so of what they have so far, and then say it again.
      const type = event.status === 'in_progress' ? 'transcript.whole' : 'transcript.done';
      return { type, itemId: event.item_id, text: event.transcript };
    }
    case 'conversation.item.input_audio_transcription.failed':
      return { type: 'transcript.failed', itemId: event.item_id };
    case 'error': {
      const { type, code, message, event_id } = event.error;
      return {
        type: 'error',
        error: {
          code: withoutSecrets(code ?? type ?? 'unknown_error', secret),
          message: withoutSecrets(message ?? '', secret),
          eventId: event_id ?? null,
        },
      };
    }
  }
}

const stageOf = {
  'mcp_list_tools.completed': 'list.completed',
  'mcp_list_tools.failed': 'list.failed',
  'response.mcp_call.in_progress': 'call.running',
  'response.mcp_call.completed': 'call.ended',
  'response.mcp_call.failed': 'call.ended',
} as const;

function serverTool(sighting: Sighting | null): UpstreamEvent {
  return sighting === null ? { type: 'passed' } : { type: 'server_tool', sighting };
}

function ofResponse({ id, conversation_id, metadata }: WireResponse): OfResponse {
  const lineId = metadata?.[lineMetadataKey];
  return {
    responseId: id,
    lineId: typeof lineId === 'string' ? lineId : null,
    outOfBand: conversation_id === undefined ? null : conversation_id === null,
  };
}

function toolOf(
  responseId: string,
  call: {
    readonly status?: string | null | undefined;
    readonly call_id?: string | null | undefined;
    readonly name?: string | null | undefined;
    readonly arguments?: string | null | undefined;
  },
): UpstreamEvent {
  // A call that was cut off has half its arguments; one without a name comes again, complete.
  if (!call.call_id || !call.name || call.status === 'incomplete') return { type: 'passed' };
  return {
    type: 'tool',
    responseId,
    toolCallId: call.call_id,
    name: call.name,
    arguments: call.arguments ?? '',
  };
}

function outcomeOf({ status, status_details }: WireResponse, secret: string | null): LineOutcome {
  const reason = status_details?.reason;
  if (status === 'completed') return { status };
  if (status === 'cancelled') return { status };
  if (status === 'incomplete' && (reason === 'max_output_tokens' || reason === 'content_filter')) {
    return { status, reason };
  }
  const { code, type, message } = status_details?.error ?? {};
  const error = responseError({
    code: withoutSecrets(code ?? type ?? reason ?? status ?? 'unknown_error', secret),
    message: withoutSecrets(message ?? 'no reason was given', secret),
  });
  return { status: 'failed', error };
}

function usageOf(usage: WireUsage): Usage | null {
  const input = usage?.input_token_details;
  const output = usage?.output_token_details;
  if (!input && !output) return null;
  const cached = input?.cached_tokens_details;
  const byModality = {
    inputCachedTextTokens: cached?.text_tokens ?? null,
    inputCachedAudioTokens: cached?.audio_tokens ?? null,
  };
  return {
    ...(cached ? byModality : {}),
    inputTextTokens: input?.text_tokens ?? null,
    inputAudioTokens: input?.audio_tokens ?? null,
    inputCachedTokens: input?.cached_tokens ?? null,
    outputTextTokens: output?.text_tokens ?? null,
    outputAudioTokens: output?.audio_tokens ?? null,
  };
}
