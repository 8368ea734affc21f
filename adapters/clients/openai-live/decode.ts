import type { z } from 'zod';
import {
  clientEventSchemas,
  type ClientEvent,
  type ClientEventType,
} from '../../../protocol/openai-live/client-events.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { checkShape } from '../../shared/message-shape.ts';
import { issueProblem, problemOf, Refused, type Problem } from './problems.ts';

/** Longest message that is not audio, characters. */
const wordsLimitCharacters = 1024 * 1024;

export type Decoded = { readonly eventId: string | null } & (
  | { readonly ok: true; readonly event: ClientEvent }
  /** `malformed`: nobody who speaks this protocol sends that. */
  | { readonly ok: false; readonly problem: Problem; readonly malformed: boolean }
);

/** Reads one message. Never throws. */
export function decode(message: Buffer): Decoded {
  let eventId: string | null = null;
  try {
    const raw = parseObject(message.toString('utf8'));
    const id = raw['event_id'];
    eventId = typeof id === 'string' && id.length <= 512 ? id : null;
    return { ok: true, event: parseEvent(raw, message.length), eventId };
  } catch (thrown) {
    const problem = problemOf(thrown);
    return { ok: false, problem, eventId, malformed: true };
  }
}

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
    throw new Refused('invalid_event', 'A message must be a JSON object.');
  }
  return raw as Readonly<Record<string, unknown>>;
}

function parseEvent(raw: Readonly<Record<string, unknown>>, lengthBytes: number): ClientEvent {
  const type = raw['type'];
  if (typeof type !== 'string' || !isKnown(type)) {
    const known = Object.keys(clientEventSchemas).join(', ');
    throw new Refused('invalid_event', `Unknown event type. Supported are: ${known}.`, 'type');
  }
  const isAudio = type === 'session.input_audio.append' || type.endsWith('fixture.play');
  if (!isAudio && lengthBytes > wordsLimitCharacters) {
    const message = `A message that is not audio may have at most ${wordsLimitCharacters} bytes.`;
    throw new Refused('invalid_value', message);
  }
  const schema: z.ZodType<ClientEvent> = clientEventSchemas[type];
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw issueProblem(parsed.error.issues);
  return parsed.data;
}

function isKnown(type: string): type is ClientEventType {
  return Object.hasOwn(clientEventSchemas, type);
}
