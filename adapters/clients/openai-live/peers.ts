import type { ServerEvent } from '../../../protocol/openai-live/server-events.ts';
import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import type { AudioFormat } from '../../../src/audio/format.ts';
import { createResampler, type Resampler } from '../../../src/audio/resampler.ts';
import { decodeSamples, encodeSamples } from '../../../src/audio/samples.ts';
import type { Socket } from '../../../src/ports/socket.ts';

/** Rate of everything that is reflected, and of fixtures, Hz. */
const reflectedHz = 24_000;
/** Most bytes that may wait for a peer to read them. */
export const unsentLimitBytes = 4 * 1024 * 1024;
/** Most sidebands of one session (a count). */
const sidebandLimit = 8;

/** The session's primary socket and those that joined it. All see the same events. */
export class Peers {
  readonly primary: Socket;
  readonly #sidebands = new Set<Socket>();
  #input: Reflector | null = null;
  #output: Reflector | null = null;
  #slow = 0;

  constructor(primary: Socket) {
    this.primary = primary;
  }

  /** Sidebands that were closed because they did not read (a count). */
  get slow(): number {
    return this.#slow;
  }

  /** @returns false where there are enough */
  join(socket: Socket): boolean {
    if (this.#sidebands.size >= sidebandLimit) return false;
    this.#sidebands.add(socket);
    return true;
  }

  leave(socket: Socket): void {
    this.#sidebands.delete(socket);
    if (this.#sidebands.size === 0) this.#stopReflecting();
  }

  send(event: ServerEvent): void {
    const text = JSON.stringify(event);
    this.primary.sendText(text);
    this.#reflect(text);
  }

  /** The primary socket is gone: those that joined are told alone. */
  tellSidebands(event: ServerEvent): void {
    this.#reflect(JSON.stringify(event));
  }

  /** Audio as the caller sent it, before muting. */
  input(bytes: Uint8Array, format: AudioFormat): void {
    if (this.#sidebands.size === 0) return;
    this.#input ??= new Reflector(format);
    const audio = this.#input.convert(bytes);
    this.#reflect(JSON.stringify({ type: 'session.input_audio.append', audio }));
  }

  /** A frame of the output track. Only sidebands are told where it lies. */
  output(bytes: Uint8Array, format: AudioFormat, at: { startMs: number; endMs: number }): void {
    const delta = Base64Bytes.encode(bytes);
    // Nothing in it needs escaping.
    this.primary.sendAscii([`{"type":"session.output_audio.delta","delta":"`, delta, `"}`]);
    if (this.#sidebands.size === 0) return;
    this.#output ??= new Reflector(format);
    this.#reflect(
      JSON.stringify({
        type: 'session.output_audio.delta',
        delta: this.#output.convert(bytes),
        start_ms: at.startMs,
        end_ms: at.endMs,
      }),
    );
  }

  /** Everybody is let go. */
  close(code: number, reason: string): void {
    this.primary.close(code, reason);
    for (const socket of this.#sidebands) socket.close(code, reason);
    this.#sidebands.clear();
    this.#stopReflecting();
  }

  #reflect(text: string): void {
    for (const socket of [...this.#sidebands]) {
      if (socket.unsentBytes > unsentLimitBytes) {
        this.#slow += 1;
        this.leave(socket);
        socket.close(1013, 'too slow');
      } else {
        socket.sendText(text);
      }
    }
  }

  #stopReflecting(): void {
    this.#input?.close();
    this.#output?.close();
    this.#input = null;
    this.#output = null;
  }
}

/** Audio in the session's format as base64 of PCM16 at 24 kHz. */
class Reflector {
  readonly #format: AudioFormat;
  readonly #resampler: Resampler;

  constructor(format: AudioFormat) {
    this.#format = format;
    this.#resampler = createResampler({ fromHz: format.rateHz, toHz: reflectedHz });
  }

  convert(bytes: Uint8Array): string {
    const { codec, rateHz } = this.#format;
    if (codec === 'pcm16' && rateHz === reflectedHz) return Base64Bytes.encode(bytes);
    const samples = this.#resampler.process(decodeSamples(bytes, codec));
    return Base64Bytes.encode(encodeSamples(samples, 'pcm16'));
  }

  close(): void {
    this.#resampler.close();
  }
}

/** A fixture (PCM16 at 24 kHz) in the session's format. */
export function convertFixture(bytes: Uint8Array, { codec, rateHz }: AudioFormat): Uint8Array {
  if (codec === 'pcm16' && rateHz === reflectedHz) return bytes;
  const resampler = createResampler({ fromHz: reflectedHz, toHz: rateHz });
  try {
    const head = resampler.process(decodeSamples(bytes, 'pcm16'));
    const tail = resampler.flush();
    const all = new Float32Array(head.length + tail.length);
    all.set(head);
    all.set(tail, head.length);
    return encodeSamples(all, codec);
  } finally {
    resampler.close();
  }
}
