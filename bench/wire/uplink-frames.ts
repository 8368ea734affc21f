import { randomBytes } from 'node:crypto';
import { opcodes, writeFrame } from './frames.ts';
import { stampBase64 } from './marker.ts';
import { machineUs } from '../lib/machine-clock.ts';

const before = '{"type":"input_audio_buffer.append","audio":"';

/**
 * Caller audio as finished WebSocket frames, shared by all calls of a process: sending one is a
 * copy, forty characters of time and a write.
 */
export class UplinkFrames {
  readonly #frames: readonly Buffer[];
  readonly #pcm: readonly Buffer[];
  readonly #mask: { readonly key: Buffer; readonly payloadStart: number };
  readonly #audioStart: number;

  /** @param pcm 20 ms frames; kept */
  constructor(pcm: readonly Buffer[]) {
    // One mask for all: a server unmasks it like any other, and the stamp needs to know it.
    const key = randomBytes(4);
    for (const [index, byte] of key.entries()) key[index] = byte | 1;
    const made = pcm.map((frame) =>
      writeFrame(Buffer.from(`${before}${frame.toString('base64')}"}`), {
        opcode: opcodes.text,
        mask: key,
      }),
    );
    const payloadStart = made[0]?.payloadStart ?? 0;
    this.#pcm = pcm;
    this.#frames = made.map(({ bytes }) => bytes);
    this.#mask = { key, payloadStart };
    this.#audioStart = payloadStart + before.length;
  }

  /** How many there are before they begin again. */
  get count(): number {
    return this.#frames.length;
  }

  /** New memory, stamped with now. */
  stamped(index: number): Buffer {
    const at = index % this.#frames.length;
    const template = this.#frames[at]!;
    const message = Buffer.allocUnsafe(template.byteLength);
    template.copy(message);
    const head = this.#pcm[at]!;
    stampBase64(message, this.#audioStart, { head, sentAtUs: machineUs(), mask: this.#mask });
    return message;
  }
}
