import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { systemClock } from '../../../src/time/clock.ts';
import { Door, type Refusal } from './door.ts';
import { Lineages } from './lineages.ts';
import { Mishaps } from './mishaps.ts';
import { standInDefaults, type StandInFault, type StandInOptions } from './options.ts';
import type { StandInSettings } from './options.ts';
import { StandInSession } from './session.ts';

/** Delays kept for the report (a count). */
const delayLimit = 100_000;

/** A running stand-in for the Gemini Live API. */
export interface GeminiStandIn {
  readonly port: number;
  /** Without a path: `ws://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Whole address of the service, without a key. */
  readonly url: string;
  /** Every connection there was, oldest first; open or not. */
  readonly sessions: readonly StandInSession[];
  /** Connections that are open. */
  readonly open: number;
  /** Sessions that there were; one over several connections counts once. */
  readonly conversations: number;
  /** Upgrade requests so far, refused ones too. */
  readonly requests: readonly {
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
  }[];
  /** Delays until the first audio as they were drawn, ms. */
  readonly firstAudioMs: readonly number[];
  /** From now on this goes wrong too. */
  inject(fault: StandInFault): void;
  close(): Promise<void>;
}

/**
 * Starts a server on this machine that keeps the vendor's protocol: rejects what it rejects, with
 * its codes. `GET /report` tells how many connections there are and were, and the delays drawn.
 */
export async function startGeminiStandIn(options: StandInOptions = {}): Promise<GeminiStandIn> {
  const settings: StandInSettings = { clock: systemClock, ...standInDefaults, ...options };
  const faults: StandInFault[] = [...settings.faults];
  const lineages = new Lineages(settings.clock, settings.handleTtlMs);
  const door = new Door(settings);
  const sessions: StandInSession[] = [];
  const requests: { url: string; headers: IncomingMessage['headers'] }[] = [];
  const firstAudioMs: number[] = [];
  let open = 0;
  const acceptor = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
  });
  const http = createServer((request, response) => {
    if (request.url !== '/report') {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', 'application/json');
    const report = { open, connections: sessions.length, sessions: lineages.sessions };
    response.end(JSON.stringify({ ...report, firstAudioMs }));
  });
  const connections = new Set<Duplex>();
  http.on('connection', (connection: Duplex) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
  });
  http.on('upgrade', (request, connection, head) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    // A refused request is a connection too, to the faults that are meant for one of them.
    const mishap = new Mishaps(faults, requests.length).take({ at: 'handshake' });
    const entry = door.open(request);
    const refusal = mishap?.kind === 'refuse' ? told(mishap) : entry;
    if ('status' in refusal) {
      refuse(connection, refusal);
      return;
    }
    if (mishap !== null && mishap.kind !== 'refuse') {
      // Stalled, the connection stays open and nothing comes; otherwise it is gone.
      if (mishap.kind !== 'stall') connection.destroy();
      return;
    }
    const ordinal = requests.length;
    acceptor.handleUpgrade(request, connection, head, (socket) => {
      open += 1;
      sessions.push(
        new StandInSession({
          ...refusal,
          settings,
          faults,
          socket,
          ordinal,
          lineages,
          onDelay: (delayMs) => {
            if (firstAudioMs.length < delayLimit) firstAudioMs.push(delayMs);
          },
          onClosed: () => (open -= 1),
        }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(settings.port, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  const origin = `ws://127.0.0.1:${port}`;
  return {
    port,
    origin,
    url: `${origin}/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent`,
    sessions,
    get open() {
      return open;
    },
    get conversations() {
      return lineages.sessions;
    },
    requests,
    firstAudioMs,
    inject: (fault) => void faults.push(fault),
    close: () => {
      for (const socket of acceptor.clients) socket.terminate();
      acceptor.close();
      for (const connection of connections) connection.destroy();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
}

function told({ status, body }: { readonly status: number; readonly body?: string }): Refusal {
  const message = 'The stand-in was told to refuse.';
  return { status, body: body ?? JSON.stringify({ error: { code: status, message } }) };
}

function refuse(connection: Duplex, { status, body }: Refusal): void {
  connection.on('error', () => undefined);
  connection.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
