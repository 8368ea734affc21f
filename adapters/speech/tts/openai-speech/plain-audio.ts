import { CallError } from '../../../../src/ports/errors.ts';

/** Longest header of a WAV file that is waited for, bytes. */
const headerLimitBytes = 4096;
/** Written by programs that stream a file without knowing its length. */
const unknownLengths: ReadonlySet<number> = new Set([0, 0x7fff_ffff, 0xffff_ffff]);

/**
 * Makes plain samples of an answer's bytes, which come in pieces of any length: takes a WAV header off
 * where there is one, and hands on whole samples alone. What it gives is new memory or the caller's.
 */
export class PlainAudio {
  readonly #rateHz: number;
  #held: Uint8Array = new Uint8Array(0);
  #state: 'unknown' | 'header' | 'samples' = 'unknown';
  /** Bytes of samples that a WAV file still has; behind them come other chunks. */
  #leftBytes = Infinity;

  /** @param rateHz the rate that is expected; a WAV file says its own */
  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** @throws CallError `backend_protocol` where it is another kind of audio */
  push(bytes: Uint8Array): Uint8Array {
    this.#held = this.#held.byteLength === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (this.#state === 'unknown' && this.#held.byteLength >= 4) {
      this.#state = letters(this.#held, 0) === 'RIFF' ? 'header' : 'samples';
    }
    if (this.#state === 'header') this.#takeHeader();
    return this.#state === 'samples' ? this.#wholeSamples() : new Uint8Array(0);
  }

  #wholeSamples(): Uint8Array {
    const wanted = Math.min(this.#held.byteLength, this.#leftBytes);
    const whole = wanted - (wanted % 2);
    const samples = this.#held.subarray(0, whole);
    this.#leftBytes -= whole;
    this.#held = this.#leftBytes < 2 ? new Uint8Array(0) : this.#held.slice(whole);
    return samples;
  }

  #takeHeader(): void {
    const held = this.#held;
    const view = new DataView(held.buffer, held.byteOffset, held.byteLength);
    for (let at = 12; at + 8 <= held.byteLength;) {
      const name = letters(held, at);
      const lengthBytes = view.getUint32(at + 4, true);
      const start = at + 8;
      if (name === 'data') {
        this.#state = 'samples';
        this.#leftBytes = unknownLengths.has(lengthBytes) ? Infinity : lengthBytes;
        this.#held = held.subarray(start);
        return;
      }
      if (name === 'fmt ' && start + 16 <= held.byteLength) this.#check(view, start);
      at = start + lengthBytes + (lengthBytes % 2);
    }
    if (held.byteLength > headerLimitBytes) {
      throw new CallError('backend_protocol', 'the voice sends a WAV file without samples');
    }
  }

  #check(view: DataView, start: number): void {
    const channels = view.getUint16(start + 2, true);
    const rateHz = view.getUint32(start + 4, true);
    const bits = view.getUint16(start + 14, true);
    if (channels === 1 && bits === 16 && rateHz === this.#rateHz) return;
    const what = `${rateHz} Hz, ${bits} bits, ${channels} channels`;
    const wanted = `${this.#rateHz} Hz, 16 bits, 1 channel: see rateHz`;
    throw new CallError('backend_protocol', `the voice speaks in ${what}, wanted ${wanted}`);
  }
}

function letters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
