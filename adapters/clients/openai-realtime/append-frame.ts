import { CallError } from '../../../src/ports/errors.ts';
import { audioLengthBytes, decodeAudio } from '../../shared/audio-payload.ts';
import { decode, readAppend, type DecodeContext, type Decoded } from './decode.ts';

/** Most bytes before the audio of an append, and behind it, that are looked at apart. */
const frameLimitBytes = 256;
/** From this length on the call is asked whether the audio may come before it is decoded, bytes. */
const largeBytes = 64 * 1024;
const quote = 0x22;

/** The text around the audio of an append. */
interface Frame {
  readonly head: string;
  readonly tail: string;
}

/** Why so much audio, bytes, may not come now, or `null`. */
export type AudioRefusal = (lengthBytes: number) => CallError | null;

/**
 * Reads a client's messages. Audio is nine messages of ten, and all there is to parse of one is the
 * few characters around it, its frame; a client writes the same ones every time, so mostly a
 * comparison does. Whatever is unusual about a frame leaves the message to the parser as a whole.
 */
export class MessageReader {
  readonly #audioRefusal: AudioRefusal;
  /** The last frame that says nothing but "this is audio". */
  #known: Frame | null = null;

  constructor(audioRefusal: AudioRefusal) {
    this.#audioRefusal = audioRefusal;
  }

  /** @param message UTF-8; only read, and nothing that is returned is part of it */
  read(message: Buffer, context: DecodeContext): Decoded {
    if (this.#known !== null && isFramed(message, this.#known)) {
      return this.#append(message, this.#known, context, null);
    }
    const frame = frameOf(message);
    const append = frame === null ? null : readAppend(frame.head + frame.tail);
    if (frame === null || append === null) return decode(message.toString('utf8'), context);
    if (append.eventId === null) this.#known = frame;
    return this.#append(message, frame, context, append.eventId);
  }

  /** The parser says what is wrong in its own words, unless it would take long to come to them. */
  #append(
    message: Buffer,
    { head, tail }: Frame,
    context: DecodeContext,
    eventId: string | null,
  ): Decoded {
    const from = head.length;
    const to = message.length - tail.length;
    const isLarge = to - from > largeBytes;
    try {
      const error = isLarge ? this.#audioRefusal(audioLengthBytes(message, from, to)) : null;
      if (error !== null) return { kind: 'invalid', error, eventId };
      const base64 = message.toString('latin1', from, to);
      return { kind: 'audio', bytes: decodeAudio(base64, context.inputFormat), eventId };
    } catch (thrown) {
      if (!(thrown instanceof CallError)) throw thrown;
      if (isLarge) return { kind: 'invalid', error: thrown, eventId };
      return decode(message.toString('utf8'), context);
    }
  }
}

function isFramed(message: Buffer, { head, tail }: Frame): boolean {
  const tailAt = message.length - tail.length;
  return (
    tailAt >= head.length &&
    message.toString('latin1', 0, head.length) === head &&
    message.toString('latin1', tailAt) === tail
  );
}

/**
 * The frame of what may be an append, where nothing in it could mean something else than it seems
 * to: one object of plain characters, without escapes, the audio between the quotes of one name.
 */
function frameOf(message: Buffer): Frame | null {
  const start = message.toString('latin1', 0, frameLimitBytes);
  const mark = /"audio"\s*:\s*"/.exec(start);
  if (mark === null) return null;
  const from = mark.index + mark[0].length;
  const to = message.indexOf(quote, from);
  if (to < 0 || message.length - to > frameLimitBytes) return null;
  const head = start.slice(0, from);
  const tail = message.toString('latin1', to);
  const isPlain = /^\{[^{}[\]\\\x80-\xff]*\}\s*$/.test(head + tail);
  return isPlain && !tail.includes('"audio"') ? { head, tail } : null;
}
