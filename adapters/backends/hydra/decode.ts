import {
  passedOver,
  serverEventSchemas,
  type ServerEvent,
  type ServerEventType,
  type WireResponse,
} from '../../../protocol/hydra/server-events.ts';
import type { LineOutcome } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { audioBytes } from '../../shared/audio-text.ts';
import { withoutSecrets } from '../../shared/secrets.ts';
import { upstreamObject } from '../../shared/upstream-object.ts';
import { responseError, type UpstreamError } from './upstream-error.ts';

/** What a message of the upstream means. */
export type UpstreamEvent =
  | { readonly type: 'session.created' }
  | {
      readonly type: 'session.configured';
      /** `null` where it does not say. */
      readonly outputRateHz: number | null;
      readonly voice: string | null;
    }
  | { readonly type: 'speech'; readonly speaking: boolean; readonly atMs: number }
  /** The caller's item is complete, or came to nothing. */
  | { readonly type: 'caller.done' }
  | { readonly type: 'response.created'; readonly responseId: string }
  | { readonly type: 'audio'; readonly responseId: string; readonly bytes: Uint8Array }
  | { readonly type: 'tool.named'; readonly toolCallId: string; readonly name: string }
  | {
      readonly type: 'tool';
      readonly responseId: string;
      readonly toolCallId: string;
      /** `null` where only the pieces before had it. */
      readonly name: string | null;
      readonly arguments: string;
    }
  | {
      readonly type: 'response.done';
      readonly responseId: string;
      readonly outcome: LineOutcome;
      readonly inputTokens: number;
      readonly outputTokens: number;
    }
  | { readonly type: 'warning'; readonly code: string }
  | { readonly type: 'error'; readonly error: UpstreamError }
  /** Known, and of no interest. */
  | { readonly type: 'passed' }
  /** Of a type that nobody here knows. */
  | { readonly type: 'unknown'; readonly name: string };

/**
 * Reads one message of the upstream.
 *
 * @param secret is cut out of any text that is repeated
 * @throws CallError `backend_protocol` when it is malformed; the message quotes nothing of it
 */
export function decode(message: Buffer, secret: string | null): UpstreamEvent {
  const raw = upstreamObject(message);
  const name = raw['type'];
  if (typeof name !== 'string') {
    throw new CallError('backend_protocol', 'the upstream sent an event without a type');
  }
  if (!isRead(name)) {
    return passedOver.has(name)
      ? { type: 'passed' }
      : { type: 'unknown', name: withoutSecrets(name, secret) };
  }
  const parsed = serverEventSchemas[name].safeParse(raw);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new CallError('backend_protocol', `the upstream sent a malformed ${name} (${path})`);
  }
  return meaning({ type: name, ...parsed.data } as ServerEvent, secret);
}

function isRead(name: string): name is ServerEventType {
  return Object.hasOwn(serverEventSchemas, name);
}

function meaning(event: ServerEvent, secret: string | null): UpstreamEvent {
  switch (event.type) {
    case 'session.created':
      return { type: event.type };
    case 'session.configured': {
      const { voice, output_audio_sample_rate: rateHz } = event.session ?? {};
      return { type: event.type, outputRateHz: rateHz ?? null, voice: voice ?? null };
    }
    case 'input_audio_buffer.speech_started':
      return { type: 'speech', speaking: true, atMs: event.audio_start_ms };
    case 'input_audio_buffer.speech_stopped':
      return { type: 'speech', speaking: false, atMs: event.audio_end_ms };
    case 'conversation.item.done':
      return event.item.role === 'user' ? { type: 'caller.done' } : { type: 'passed' };
    case 'response.created':
      return { type: 'response.created', responseId: event.response.id };
    case 'response.output_audio.delta':
      return { type: 'audio', responseId: event.response_id, bytes: wholeSamples(event.delta) };
    case 'response.function_call_arguments.delta':
      return event.name
        ? { type: 'tool.named', toolCallId: event.call_id, name: event.name }
        : { type: 'passed' };
    case 'response.function_call_arguments.done':
      return {
        type: 'tool',
        responseId: event.response_id,
        toolCallId: event.call_id,
        name: event.name ?? null,
        arguments: event.arguments ?? '',
      };
    case 'response.done': {
      const { id, usage } = event.response;
      return {
        type: 'response.done',
        responseId: id,
        outcome: outcomeOf(event.response, secret),
        inputTokens: usage?.input_tokens ?? 0,
        outputTokens: usage?.output_tokens ?? 0,
      };
    }
    case 'warning': {
      const code = event.warning?.code ?? event.code ?? 'unknown_warning';
      return { type: 'warning', code: withoutSecrets(code, secret) };
    }
    case 'error': {
      const { type, code, message, event_id: eventId } = event.error;
      return {
        type: 'error',
        error: {
          code: withoutSecrets(code ?? type ?? 'unknown_error', secret),
          message: withoutSecrets(message ?? '', secret),
          eventId: eventId ?? null,
        },
      };
    }
  }
}

function wholeSamples(delta: string): Uint8Array {
  const bytes = audioBytes(delta);
  if (bytes.byteLength % 2 === 0) return bytes;
  throw new CallError('backend_protocol', 'the upstream sent audio that is not whole samples');
}

function outcomeOf({ status, status_details }: WireResponse, secret: string | null): LineOutcome {
  const reason = status_details?.reason;
  if (status === 'completed' || status === 'cancelled') return { status };
  if (status === 'incomplete' && (reason === 'max_output_tokens' || reason === 'content_filter')) {
    return { status, reason };
  }
  if (reason === 'interrupted' || reason === 'client_cancelled') return { status: 'cancelled' };
  const { code, type, message } = status_details?.error ?? {};
  const error = responseError({
    code: withoutSecrets(code ?? type ?? reason ?? status ?? 'unknown_error', secret),
    message: withoutSecrets(message ?? 'no reason was given', secret),
  });
  return { status: 'failed', error };
}
