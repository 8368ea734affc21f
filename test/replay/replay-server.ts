import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WireEntry } from '../../adapters/shared/wire-record.ts';
import type { Clock } from '../../src/time/clock.ts';
import { framesOf } from './recording.ts';

/** An upstream that says what a recording says, when it was said, whatever it hears. */
export interface ReplayServer {
  readonly origin: string;
  /** Text frames that were sent to it, as they came. */
  readonly heard: readonly string[];
  close(): Promise<void>;
}

export async function startReplay(
  entries: readonly WireEntry[],
  clock: Clock,
): Promise<ReplayServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  const heard: string[] = [];
  server.on('connection', (socket) => {
    const startedMs = clock.nowMs();
    socket.on('message', (data: Buffer) => heard.push(data.toString('utf8')));
    const timers = framesOf(entries)
      .filter(({ direction }) => direction === 'down')
      .map(({ atMs, bytes, isBinary }) =>
        clock.timerAt(startedMs + atMs, () => socket.send(bytes, { binary: isBinary })),
      );
    socket.on('close', () => {
      for (const timer of timers) timer.cancel();
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `ws://127.0.0.1:${port}`,
    heard,
    close: () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        server.close(() => resolve());
      }),
  };
}
