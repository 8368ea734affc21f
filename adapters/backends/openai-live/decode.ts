import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import type { Usage } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { withoutSecrets } from '../../shared/secrets.ts';
import { upstreamObject } from '../../shared/upstream-object.ts';
import {
  completedSchema,
  functionCallSchema,
  passedOver,
  upstreamSchemas,
  type ReadEvent,
  type ReadType,
} from './wire.ts';

/** An error as the upstream words it, free of secrets. */
export interface UpstreamError {
  readonly code: string;
  readonly message: string;
}

/** What a message of the upstream means. Times are ms on its session's timeline. */
export type UpstreamEvent =
  /** `expiresAtMs`: since 1970; `null` where it does not say. */
  | { readonly type: 'started'; readonly expiresAtMs: number | null }
  | { readonly type: 'audio'; readonly bytes: Uint8Array }
  | {
      readonly type: 'words';
      readonly speaker: 'caller' | 'agent';
      readonly text: string;
      readonly fromMs: number;
      readonly toMs: number;
    }
  /** Context found its place. */
  | { readonly type: 'placed' }
  | { readonly type: 'delegated'; readonly id: string; readonly target: 'app' | 'upstream' }
  | {
      readonly type: 'tool';
      readonly toolCallId: string;
      readonly name: string;
      readonly arguments: string;
    }
  /** A round of delegated work is over: all its tools have been called. */
  | {
      readonly type: 'round';
      readonly id: string;
      readonly failed: boolean;
      readonly usage: Usage | null;
    }
  | { readonly type: 'usage'; readonly seconds: number }
  | { readonly type: 'closed'; readonly reason: string; readonly seconds: number | null }
  | { readonly type: 'error'; readonly error: UpstreamError }
  | { readonly type: 'passed' }
  /** Of a type that nobody here knows. */
  | { readonly type: 'unknown'; readonly name: string };

const passed = { type: 'passed' } as const;

/**
 * Reads one message of the upstream.
 *
 * @param secret is cut out of any text that is repeated
 * @throws CallError `backend_protocol` when it is malformed; the message quotes nothing of it
 */
export function decode(message: Buffer, secret: string | null): UpstreamEvent {
  const raw = upstreamObject(message);
  const type = raw['type'];
  if (typeof type !== 'string') {
    throw new CallError('backend_protocol', 'the upstream sent an event without a type');
  }
  if (!isRead(type)) {
    return passedOver.has(type) ? passed : { type: 'unknown', name: withoutSecrets(type, secret) };
  }
  const parsed = upstreamSchemas[type].safeParse(raw);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new CallError('backend_protocol', `the upstream sent a malformed ${type} (${path})`);
  }
  return meaning({ type, ...parsed.data } as ReadEvent, secret);
}

function isRead(type: string): type is ReadType {
  return Object.hasOwn(upstreamSchemas, type);
}

function meaning(event: ReadEvent, secret: string | null): UpstreamEvent {
  switch (event.type) {
    case 'session.started': {
      const expiresAtS = event.session.expires_at ?? null;
      return { type: 'started', expiresAtMs: expiresAtS === null ? null : expiresAtS * 1000 };
    }
    case 'session.output_audio.delta':
      return { type: 'audio', bytes: audioOf(event.delta) };
    case 'session.input_transcript.delta':
    case 'session.output_transcript.delta': {
      const speaker = event.type === 'session.input_transcript.delta' ? 'caller' : 'agent';
      const { delta: text, start_ms: fromMs, end_ms: toMs } = event;
      return { type: 'words', speaker, text, fromMs, toMs: Math.max(fromMs, toMs) };
    }
    case 'session.instructions.appended':
    case 'session.thinking.appended':
    case 'session.commentary.appended':
      return { type: 'placed' };
    case 'session.delegation.created': {
      const { id, target } = event.delegation;
      return { type: 'delegated', id, target: target === 'client' ? 'app' : 'upstream' };
    }
    case 'response.event':
      return nested(event.event);
    case 'session.usage.updated':
      return { type: 'usage', seconds: event.usage.seconds };
    case 'session.closed':
      return { type: 'closed', reason: event.reason, seconds: event.usage?.seconds ?? null };
    case 'error': {
      const { code, type, message } = event.error;
      const said = withoutSecrets(message ?? '', secret);
      const error = {
        code: withoutSecrets(code ?? type ?? 'unknown_error', secret),
        message: said,
      };
      return { type: 'error', error };
    }
  }
}

/** Events of the delegated work; of all its kinds, calls of functions and its end matter here. */
function nested(event: Readonly<Record<string, unknown>>): UpstreamEvent {
  switch (event['type']) {
    case 'response.output_item.done': {
      const call = functionCallSchema.safeParse(event['item']);
      // A call that was cut off has half its arguments.
      if (!call.success || (call.data.status ?? 'completed') !== 'completed') return passed;
      const { call_id: toolCallId, name, arguments: text } = call.data;
      return { type: 'tool', toolCallId, name, arguments: text };
    }
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed': {
      const response = completedSchema.safeParse(event['response']);
      if (!response.success) return passed;
      const failed = event['type'] !== 'response.completed';
      return { type: 'round', id: response.data.id, failed, usage: usageOf(response.data.usage) };
    }
    default:
      return passed;
  }
}

function usageOf(
  usage:
    | { input_tokens?: number | null | undefined; output_tokens?: number | null | undefined }
    | null
    | undefined,
): Usage | null {
  if (!usage) return null;
  return {
    inputTextTokens: usage.input_tokens ?? null,
    inputAudioTokens: null,
    inputCachedTokens: null,
    outputTextTokens: usage.output_tokens ?? null,
    outputAudioTokens: null,
  };
}

function audioOf(base64: string): Uint8Array {
  const bytes = Base64Bytes.decode(base64);
  if (bytes === null || bytes.byteLength % 2 !== 0) {
    throw new CallError('backend_protocol', 'the upstream sent audio that is not whole samples');
  }
  return bytes;
}
