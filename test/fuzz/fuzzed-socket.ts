import { WebSocket } from 'ws';
import type { FuzzMessage } from './generator.ts';

/** Close codes with which a gateway may answer whatever it is sent. */
const expectedCodes: ReadonlySet<number> = new Set([1008, 1009]);

/** What became of a run of messages. */
export interface FuzzOutcome {
  sent: number;
  /** Connections it took: bad ones are closed, and the next takes up where it ended. */
  connections: number;
  events: number;
  errors: number;
  /** Closes with another code than a bad client has earned. */
  readonly oddCloses: number[];
  /** Anything that came and is not an event with a type. */
  oddMessages: number;
  /** Errors that say it was our fault, but for being asked for too much at once. */
  readonly serverErrors: string[];
}

export function emptyOutcome(): FuzzOutcome {
  return {
    sent: 0,
    connections: 0,
    events: 0,
    errors: 0,
    oddCloses: [],
    oddMessages: 0,
    serverErrors: [],
  };
}

/** Sends every message, over as many connections as it takes. */
export async function fuzz(
  url: string,
  messages: Generator<FuzzMessage, void>,
  outcome: FuzzOutcome,
): Promise<void> {
  for (;;) {
    outcome.connections += 1;
    if (await oneConnection(url, messages, outcome)) return;
  }
}

/** @returns whether there is nothing left to send */
async function oneConnection(
  url: string,
  messages: Generator<FuzzMessage, void>,
  outcome: FuzzOutcome,
): Promise<boolean> {
  const socket = new WebSocket(url);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('message', (data: Buffer) => {
    outcome.events += 1;
    const event = JSON.parse(data.toString('utf8')) as Readonly<Record<string, unknown>>;
    if (typeof event['type'] !== 'string') outcome.oddMessages += 1;
    if (event['type'] !== 'error') return;
    outcome.errors += 1;
    const { type, code } = event['error'] as { type: unknown; code: string };
    // Seventeen answers out of band at once: refused, and the call goes on.
    if (type === 'server_error' && code !== 'queue_overflow') outcome.serverErrors.push(code);
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  while (socket.readyState === WebSocket.OPEN) {
    // In batches, so that neither side has to keep much.
    for (let batch = 0; batch < 50; batch += 1) {
      const { done, value } = messages.next();
      if (done === true) {
        // Whatever is behind the last message is answered before the close is.
        socket.close(1000);
        await closed;
        return true;
      }
      socket.send(value);
      outcome.sent += 1;
    }
    await answered(socket);
  }
  const code = await closed;
  if (!expectedCodes.has(code)) outcome.oddCloses.push(code);
  return false;
}

/** Waits until the peer has taken what was sent so far, or is gone. */
function answered(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('pong', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('pong', done);
    socket.once('close', done);
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  });
}
