import type { WebSocket } from 'ws';
import type { AudioFormat } from '../../../src/audio/format.ts';
import { decodeSamples, encodeSamples } from '../../../src/audio/samples.ts';

/** What sidebands see: every event, and both sides' audio as PCM16 at 24 kHz. */
export class Reflection {
  readonly #sockets = new Set<WebSocket>();

  join(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  event(text: string): void {
    for (const socket of this.#sockets) socket.send(text);
  }

  /** As it came, before muting. */
  input(bytes: Uint8Array, format: AudioFormat): void {
    if (this.#sockets.size === 0) return;
    this.event(JSON.stringify({ type: 'session.input_audio.append', audio: shown(bytes, format) }));
  }

  output(bytes: Uint8Array, format: AudioFormat, at: { startMs: number; endMs: number }): void {
    if (this.#sockets.size === 0) return;
    const place = { start_ms: at.startMs, end_ms: at.endMs };
    const delta = shown(bytes, format);
    this.event(JSON.stringify({ type: 'session.output_audio.delta', delta, ...place }));
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

/** Nearest samples are good enough for somebody who watches a stand-in. */
function shown(bytes: Uint8Array, { codec, rateHz }: AudioFormat): string {
  const samples = decodeSamples(bytes, codec);
  const step = rateHz / 24_000;
  const there = Float32Array.from(
    { length: Math.floor(samples.length / step) },
    (_, i) => samples[Math.floor(i * step)] ?? 0,
  );
  return Buffer.from(encodeSamples(there, 'pcm16')).toString('base64');
}
