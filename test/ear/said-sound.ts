import { decodePcm16 } from '../../src/audio/pcm16.ts';
import type { Connect } from './wire.ts';

const rateHz = 24_000;
/** Silence between two answers, ms: a word that breaks off does not run into the next one. */
const betweenMs = 120;

/**
 * All agent audio that a client gives to its player, end to end: nothing is lost of it where the machine
 * was late. Only for calls in which nobody interrupts.
 */
export class SaidSound {
  readonly #pieces: Float32Array[] = [];
  #itemId = '';

  /** The same wire, listened to. */
  through(connect: Connect): Connect {
    return (handlers) =>
      connect({
        ...handlers,
        audio: (itemId, bytes) => {
          this.#push(itemId, bytes);
          handlers.audio(itemId, bytes);
        },
      });
  }

  get samples(): Float32Array {
    const all = new Float32Array(this.#pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  #push(itemId: string, bytes: Uint8Array): void {
    if (itemId !== this.#itemId) {
      this.#pieces.push(new Float32Array((betweenMs * rateHz) / 1000));
      this.#itemId = itemId;
    }
    this.#pieces.push(decodePcm16(bytes));
  }
}
