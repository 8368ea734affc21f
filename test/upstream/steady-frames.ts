import { bytesPerMs, type WireFormat } from './answer-sound.ts';
import { machineMs, writeMarker } from './marker.ts';

/** Length of a steady frame, ms. */
export const steadyFrameMs = 20;

/** Bytes whose base64 changes from frame to frame: the marker, up to a whole group of three. */
const changingBytes = 12;

/**
 * Audio deltas of 20 ms that carry when they were sent. All but a dozen bytes of a frame are the
 * same every time, so that a thousand streams cost the sender next to nothing.
 */
export class SteadyFrames {
  readonly #head = Buffer.alloc(changingBytes);
  readonly #before: string;
  readonly #after: string;
  readonly #newId: (prefix: string) => string;

  constructor(
    format: WireFormat,
    ids: Readonly<Record<string, unknown>>,
    newId: (prefix: string) => string,
  ) {
    const frame = Buffer.alloc(steadyFrameMs * bytesPerMs(format));
    // A quiet hiss that is no silence: 0x11 is a small sample in every format.
    frame.fill(0x11);
    if (format === 'audio/pcm')
      for (let i = 1; i < frame.length; i += 2) frame[i] = i % 4 === 1 ? 4 : 0xfc;
    this.#head.set(frame.subarray(0, changingBytes));
    this.#newId = newId;
    this.#before = `,${JSON.stringify(ids).slice(1, -1)},"delta":"`;
    this.#after = `${frame.subarray(changingBytes).toString('base64')}"}`;
  }

  /** A whole event as JSON text, to be sent at once. */
  next(): string {
    writeMarker(this.#head, machineMs());
    const id = this.#newId('event');
    const head = this.#head.toString('base64');
    return `{"type":"response.output_audio.delta","event_id":"${id}"${this.#before}${head}${this.#after}`;
  }
}
