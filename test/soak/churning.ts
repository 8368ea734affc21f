import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { seeded } from '../fuzz/generator.ts';

export interface ChurnOptions {
  /** Where each call goes; asked with its number. */
  readonly urlOf: (call: number) => string;
  readonly calls: number;
  /** Calls at once (a count). */
  readonly atOnce: number;
  /** Longest that a call is used, ms; each is dropped at a random point of it. */
  readonly useMs: number;
  readonly seed: number;
}

const frame = JSON.stringify({
  type: 'input_audio_buffer.append',
  audio: tone(20).toString('base64'),
});

/** Opens calls, uses them and drops them at random points. @returns how each of them ended */
export async function churn(options: ChurnOptions): Promise<Readonly<Record<Drop, number>>> {
  const random = seeded(options.seed);
  const ends: Record<Drop, number> = { closed: 0, cut: 0, opening: 0 };
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const call = next;
      next += 1;
      if (call >= options.calls) return;
      const useMs = random() * options.useMs;
      const how = drops[Math.floor(random() * drops.length)]!;
      await oneCall(options.urlOf(call), useMs, how);
      ends[how] += 1;
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, worker));
  return ends;
}

/** A closing handshake, a connection that breaks, one that breaks before the call has begun. */
type Drop = 'closed' | 'cut' | 'opening';
const drops: readonly Drop[] = ['closed', 'cut', 'cut', 'opening'];

async function oneCall(url: string, useMs: number, how: Drop): Promise<void> {
  const socket = new WebSocket(url);
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const opened = new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', () => reject(new Error('a call was refused')));
  });
  if (how === 'opening') {
    await Promise.race([opened, sleep(useMs / 100)]);
    socket.terminate();
    await closed;
    return;
  }
  await opened;
  socket.send(JSON.stringify({ type: 'response.create' }));
  const endAtMs = performance.now() + useMs;
  while (performance.now() < endAtMs) {
    socket.send(frame);
    await sleep(20);
  }
  if (how === 'closed') socket.close(1000);
  else socket.terminate();
  await closed;
}

/** A loud tone of 500 Hz, PCM16 at 24 kHz. */
function tone(ms: number): Buffer {
  const samples = Int16Array.from({ length: ms * 24 }, (_, at) => (at % 48 < 24 ? 6000 : -6000));
  return Buffer.from(samples.buffer);
}
