import { CallError } from '../../../src/ports/errors.ts';

/** One piece of a response's audio. */
export interface AudioDelta {
  readonly responseId: string;
  readonly itemId: string;
  /** Owned by whoever gets it. */
  readonly bytes: Uint8Array;
}

const typeMark = '"type":"response.output_audio.delta"';
const audioMark = '"delta":"';
const quote = 0x22;
/** The type stands at the front in what upstreams send; elsewhere the slow way finds it. */
const typeWithinBytes = 128;

/**
 * Finds the audio of a delta without parsing the JSON around it: this is nine messages of ten.
 * Inside a JSON string a quote is always escaped, so the marks cannot come from one.
 *
 * @returns `null` where the message is another one, or is written in a way that needs a parser
 * @throws CallError `backend_protocol` when the audio is no base64
 */
export function scanAudioDelta(message: Buffer): AudioDelta | null {
  const typeAt = message.indexOf(typeMark);
  if (typeAt < 0 || typeAt > typeWithinBytes) return null;
  const markAt = message.indexOf(audioMark, typeAt);
  if (markAt < 0) return null;
  const start = markAt + audioMark.length;
  const end = message.indexOf(quote, start);
  if (end < 0) return null;
  const frame =
    message.toString('latin1', 0, markAt) +
    message.toString('latin1', end, Math.min(message.length, end + 256));
  const responseId = /"response_id":"([^"\\]+)"/.exec(frame)?.[1];
  const itemId = /"item_id":"([^"\\]+)"/.exec(frame)?.[1];
  if (responseId === undefined || itemId === undefined) return null;
  const text = message.toString('latin1', start, end);
  // Some encoders write "/" as "\/".
  if (text.includes('\\')) return null;
  return { responseId, itemId, bytes: audioBytes(text) };
}

/**
 * Audio bytes of base64 text, decoded once. They lie in Node's shared pool: a piece of memory of
 * its own for every frame costs the garbage collector more than the slabs that a few kept frames
 * hold on to.
 *
 * @throws CallError `backend_protocol` when the text is no base64
 */
export function audioBytes(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const lengthBytes = (text.length / 4) * 3 - padding;
  const bytes = text.length % 4 === 0 ? Buffer.allocUnsafe(lengthBytes) : null;
  if (bytes?.write(text, 'base64') !== lengthBytes) {
    throw new CallError('backend_protocol', 'the upstream sent audio that is no base64');
  }
  return bytes;
}
