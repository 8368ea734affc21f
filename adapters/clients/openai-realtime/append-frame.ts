import type { AudioFormat } from '../../../src/audio/format.ts';
import { decodeAudio } from './audio-payload.ts';
import { decode, type DecodeContext, type Decoded } from './decode.ts';

/** Most characters around the audio that are remembered; a longer frame is parsed each time. */
const frameLimitCharacters = 256;

/**
 * Reads a client's messages. A client writes the same few characters around the audio of every
 * append: once such a frame has been parsed, it is recognised by comparison, and only the audio in
 * it is decoded. Whatever differs in one character goes through the parser.
 */
export class MessageReader {
  #head: string | null = null;
  #tail = '';

  read(text: string, context: DecodeContext): Decoded {
    const bytes = this.#framed(text, context.inputFormat);
    if (bytes !== null) return { kind: 'audio', bytes, eventId: null };
    const decoded = decode(text, context);
    if (decoded.kind === 'audio' && decoded.eventId === null) this.#learn(text);
    return decoded;
  }

  #framed(text: string, format: AudioFormat): Uint8Array | null {
    const head = this.#head;
    if (head === null || !text.startsWith(head) || !text.endsWith(this.#tail)) return null;
    try {
      return decodeAudio(text.slice(head.length, text.length - this.#tail.length), format);
    } catch {
      // The parser says what is wrong, in its own words.
      return null;
    }
  }

  /**
   * Remembers the frame where nothing in it could mean something else another time: one object, no
   * escapes, no event id, the audio between the last name's quotes.
   */
  #learn(text: string): void {
    const mark = /"audio"\s*:\s*"/u.exec(text.slice(0, frameLimitCharacters));
    if (mark === null) return;
    const from = mark.index + mark[0].length;
    const to = text.indexOf('"', from);
    const head = text.slice(0, from);
    const tail = text.slice(to);
    const frame = head + tail;
    const plain = /^\{[^{}[\]\\]*\}\s*$/u.test(frame) && !frame.includes('"event_id"');
    if (!plain || tail.length > frameLimitCharacters || tail.includes('"audio"')) return;
    this.#head = head;
    this.#tail = tail;
  }
}
