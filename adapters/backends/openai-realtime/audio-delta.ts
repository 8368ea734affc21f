import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { dialectName, type Dialect } from './dialects.ts';

/** One piece of a response's audio. */
export interface AudioDelta {
  readonly responseId: string;
  readonly itemId: string;
  /** Owned by whoever gets it. */
  readonly bytes: Uint8Array;
}

/** How a dialect's audio begins, found out once. */
const typeMarks = new WeakMap<Dialect, string>();
const audioMark = '"delta":"';
const responseMark = '"response_id":"';
const itemMark = '"item_id":"';
const quote = 0x22;
/** The type stands at the front in what upstreams send; elsewhere the slow way finds it. */
const typeWithinBytes = 128;
/** Most bytes before and behind the audio in which the ids are looked for. */
const frameLimitBytes = 512;

/**
 * Finds the audio of a delta without parsing the JSON around it: this is nine messages of ten.
 * Inside a JSON string a quote is always escaped, so the marks cannot come from one.
 *
 * @returns `null` where the message is another one, or is written in a way that needs a parser
 * @throws CallError `backend_protocol` when the audio is no base64
 */
export function scanAudioDelta(message: Buffer, dialect: Dialect): AudioDelta | null {
  const typeMark = typeMarks.get(dialect) ?? typeMarkOf(dialect);
  const start = message.toString('latin1', 0, frameLimitBytes);
  const typeAt = start.indexOf(typeMark);
  if (typeAt < 0 || typeAt > typeWithinBytes) return null;
  const markAt = start.indexOf(audioMark, typeAt);
  if (markAt < 0) return null;
  const from = markAt + audioMark.length;
  const to = message.indexOf(quote, from);
  if (to < 0) return null;
  const responseId = idBehind(responseMark, start, markAt) ?? idIn(message, to, responseMark);
  const itemId = idBehind(itemMark, start, markAt) ?? idIn(message, to, itemMark);
  if (responseId === null || itemId === null) return null;
  const text = message.toString('latin1', from, to);
  // Some encoders write "/" as "\/".
  if (text.includes('\\')) return null;
  return { responseId, itemId, bytes: audioBytes(text) };
}

function typeMarkOf(dialect: Dialect): string {
  const mark = `"type":"${dialectName(dialect, 'response.output_audio.delta')}"`;
  typeMarks.set(dialect, mark);
  return mark;
}

/**
 * Audio bytes of base64 text.
 *
 * @throws CallError `backend_protocol` when the text is no base64
 */
export function audioBytes(text: string): Uint8Array {
  const bytes = Base64Bytes.decode(text);
  if (bytes === null) {
    throw new CallError('backend_protocol', 'the upstream sent audio that is no base64');
  }
  return bytes;
}

/** The value of a key that stands before `end`; `null` where it is not there, empty or escaped. */
function idBehind(mark: string, text: string, end: number): string | null {
  const at = text.indexOf(mark);
  if (at < 0 || at >= end) return null;
  const from = at + mark.length;
  const to = text.indexOf('"', from);
  if (to <= from) return null;
  const id = text.slice(from, to);
  return id.includes('\\') ? null : id;
}

/** The same for a key behind the audio. */
function idIn(message: Buffer, from: number, mark: string): string | null {
  const text = message.toString('latin1', from, from + frameLimitBytes);
  return idBehind(mark, text, text.length);
}
