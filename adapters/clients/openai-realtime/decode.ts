import type { z } from 'zod';
import {
  clientEventSchemas,
  type ClientEvent,
  type ClientEventType,
} from '../../../protocol/openai-realtime/client-events.ts';
import type { SessionUpdate } from '../../../protocol/openai-realtime/session.ts';
import { pcm24k, type AudioFormat } from '../../../src/audio/format.ts';
import type { ClientCommand } from '../../../src/ports/client.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { decodeAudio } from '../../shared/audio-payload.ts';
import { issueError } from './errors.ts';
import { checkShape } from '../../shared/message-shape.ts';
import { readApproval } from './mcp.ts';
import { readItem, readResponseParams, type RequestContext } from './requests.ts';
import { lineIdOf } from './response-id.ts';

/** Longest message that is not audio, characters; a longer one is refused. */
const wordsLimitCharacters = 1024 * 1024;
/** Longest one that the call survives, characters. */
const messageLimitCharacters = 15 * 1024 * 1024;

/** What a client event means. `eventId` is the client's own, `null` where it gave none. */
export type Decoded = DecodedMeaning & { readonly eventId: string | null };

type DecodedMeaning =
  | { readonly kind: 'audio'; readonly bytes: Uint8Array }
  | { readonly kind: 'command'; readonly command: ClientCommand }
  | { readonly kind: 'retrieve'; readonly itemId: string }
  | { readonly kind: 'session'; readonly update: SessionUpdate }
  | { readonly kind: 'invalid'; readonly error: CallError };

/** What reading an event depends on. */
export interface DecodeContext extends RequestContext {
  readonly inputFormat: AudioFormat;
}

/** Reads one text message. Never throws: whatever is wrong with it is part of the result. */
export function decode(text: string, context: DecodeContext): Decoded {
  let eventId: string | null = null;
  try {
    const raw = parseObject(text);
    eventId = ownEventId(raw);
    checkLength(text.length, raw['type']);
    return { ...readEvent(parseEvent(raw), context), eventId };
  } catch (thrown) {
    if (!(thrown instanceof CallError)) throw thrown;
    return { kind: 'invalid', error: thrown, eventId };
  }
}

/**
 * Reads an append without its audio.
 *
 * @returns `null` where it is something else, or not right
 */
export function readAppend(frame: string): { readonly eventId: string | null } | null {
  const read = decode(frame, emptyAppend);
  return read.kind === 'audio' && read.bytes.byteLength === 0 ? { eventId: read.eventId } : null;
}

const emptyAppend: DecodeContext = { inputFormat: pcm24k, outputFormat: pcm24k, backend: '' };

function parseObject(text: string): Readonly<Record<string, unknown>> {
  checkShape(text);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold what nobody should repeat.
    throw new CallError('invalid_json', 'The message is not valid JSON.');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new CallError('invalid_event', 'A message must be a JSON object.');
  }
  return raw as Readonly<Record<string, unknown>>;
}

/** Audio has a limit of its own, after decoding. */
function checkLength(lengthCharacters: number, type: unknown): void {
  if (type === 'input_audio_buffer.append' || lengthCharacters <= wordsLimitCharacters) return;
  const tooLarge = lengthCharacters > messageLimitCharacters;
  const limit = tooLarge ? messageLimitCharacters : wordsLimitCharacters;
  const message = `A message that is not audio may have at most ${limit} characters.`;
  throw new CallError(tooLarge ? 'message_too_large' : 'invalid_value', message);
}

function ownEventId(raw: Readonly<Record<string, unknown>>): string | null {
  const id = raw['event_id'];
  return typeof id === 'string' && id.length <= 512 ? id : null;
}

function parseEvent(raw: Readonly<Record<string, unknown>>): ClientEvent {
  const type = raw['type'];
  if (typeof type !== 'string') {
    throw new CallError('invalid_event', "The event has no 'type'.", { param: 'type' });
  }
  if (!isKnown(type)) {
    const known = Object.keys(clientEventSchemas)
      .map((name) => `'${name}'`)
      .join(', ');
    throw new CallError('invalid_value', `Unknown event type. Supported values are: ${known}.`, {
      param: 'type',
    });
  }
  const schema: z.ZodType<ClientEvent> = clientEventSchemas[type];
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw issueError(parsed.error.issues);
  return parsed.data;
}

function isKnown(type: string): type is ClientEventType {
  return Object.hasOwn(clientEventSchemas, type);
}

function readEvent(event: ClientEvent, context: DecodeContext): DecodedMeaning {
  switch (event.type) {
    case 'input_audio_buffer.append':
      return { kind: 'audio', bytes: decodeAudio(event.audio, context.inputFormat) };
    case 'session.update':
      return { kind: 'session', update: event.session };
    case 'conversation.item.retrieve':
      return { kind: 'retrieve', itemId: event.item_id };
    case 'input_audio_buffer.commit':
    case 'input_audio_buffer.clear':
    case 'output_audio_buffer.clear':
    case 'conversation.item.create':
    case 'conversation.item.truncate':
    case 'conversation.item.delete':
    case 'response.create':
    case 'response.cancel':
    case 'parley.playback':
    case 'parley.interrupt':
    case 'parley.mute':
    case 'parley.push_to_talk':
    case 'parley.dtmf':
    case 'parley.echo_cancellation':
      return { kind: 'command', command: readCommand(event, context) };
  }
}

type CommandEvent = Exclude<
  ClientEvent,
  { type: 'input_audio_buffer.append' | 'session.update' | 'conversation.item.retrieve' }
>;

function readCommand(event: CommandEvent, context: DecodeContext): ClientCommand {
  switch (event.type) {
    case 'input_audio_buffer.commit':
      return { type: 'commit' };
    case 'input_audio_buffer.clear':
      return { type: 'clear' };
    case 'output_audio_buffer.clear':
      return { type: 'output.clear' };
    case 'conversation.item.create':
      if (event.item.type === 'mcp_approval_response') return readApproval(event.item);
      return {
        type: 'item.create',
        item: readItem(event.item, 'item', context),
        after: event.previous_item_id ?? null,
      };
    case 'conversation.item.truncate':
      return { type: 'item.truncate', itemId: event.item_id, audioEndMs: event.audio_end_ms };
    case 'conversation.item.delete':
      return { type: 'item.delete', itemId: event.item_id };
    case 'response.create':
      return readResponseParams(event.response ?? {}, event.event_id ?? null, context);
    case 'response.cancel':
      return { type: 'cancel', lineId: cancelledLine(event.response_id ?? null) };
    case 'parley.playback':
      return { type: 'playback', itemId: event.item_id, playedMs: event.played_ms };
    case 'parley.interrupt':
      return { type: 'interrupt' };
    case 'parley.mute':
      return { type: 'mute', muted: event.muted };
    case 'parley.push_to_talk':
      return { type: 'ptt', pressed: event.pressed };
    case 'parley.dtmf':
      return { type: 'dtmf', digit: event.digit };
    case 'parley.echo_cancellation':
      return { type: 'aec', active: event.active };
  }
}

/** @throws CallError where the id cannot be that of any response */
function cancelledLine(responseId: string | null): string | null {
  if (responseId === null) return null;
  const lineId = lineIdOf(responseId);
  if (lineId === null) {
    throw new CallError(
      'response_cancel_not_active',
      'Cancellation failed: no active response found',
      { param: 'response_id' },
    );
  }
  return lineId;
}
