import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { systemClock } from '../../../src/time/clock.ts';
import {
  hydraStandInDefaults,
  type HydraStandInOptions,
  type HydraStandInSettings,
} from './options.ts';
import { HydraStandInSession } from './session.ts';

/** A running stand-in for Hydra. */
export interface HydraStandIn {
  /** For a backend's `url`: `ws://127.0.0.1:<port>/waves/v1/s2s`. */
  readonly url: string;
  /** Every session there was, oldest first; open or not. */
  readonly sessions: readonly HydraStandInSession[];
  /** Sessions whose socket is open. */
  readonly open: number;
  /** Request lines of the upgrades so far, refused ones too. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts a server on this machine that keeps the vendor's published protocol: the key at the
 * upgrade, one configuration before any audio, its own detection, 48 kHz, `server_full`, the end of
 * idle sessions. It answers in counted speech.
 */
export async function startHydraStandIn(options: HydraStandInOptions = {}): Promise<HydraStandIn> {
  const settings: HydraStandInSettings = {
    clock: systemClock,
    ...hydraStandInDefaults,
    ...options,
  };
  const sessions: HydraStandInSession[] = [];
  const requests: string[] = [];
  let open = 0;
  const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const http = createServer((_request, response) => response.writeHead(404).end());
  const connections = new Set<Duplex>();
  http.on('connection', (connection: Duplex) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
  });
  http.on('upgrade', (request, connection, head) => {
    requests.push(request.url ?? '');
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const refused = refusal(settings, url);
    if (refused !== null) {
      refuse(connection, refused.status, refused.body);
      return;
    }
    const { fault } = settings;
    if (fault !== null && 'at' in fault && fault.at === 'handshake') {
      // Stalled, the connection stays open and nothing comes; otherwise it is gone.
      if (fault.kind !== 'stall') connection.destroy();
      return;
    }
    acceptor.handleUpgrade(request, connection, head, (socket) => {
      open += 1;
      const session = new HydraStandInSession({
        settings,
        socket,
        model: url.searchParams.get('model') ?? '',
        ordinal: sessions.length + 1,
        isFull: open > settings.maxSessions,
        onClosed: () => (open -= 1),
      });
      sessions.push(session);
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(settings.port, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/waves/v1/s2s`,
    sessions,
    get open() {
      return open;
    },
    requests,
    close: () => {
      for (const socket of acceptor.clients) socket.terminate();
      acceptor.close();
      for (const connection of connections) connection.destroy();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
}

function refusal(
  { apiKey, fault }: HydraStandInSettings,
  { pathname, searchParams }: URL,
): { readonly status: number; readonly body: string } | null {
  if (fault?.kind === 'refuse') {
    return { status: fault.status, body: fault.body ?? errorBody('told_to_refuse', 'As told.') };
  }
  const key = searchParams.get('api_key');
  if (apiKey !== null && key !== apiKey) {
    // The worst that a server can do with a key: repeat it.
    return { status: 401, body: errorBody('unauthorized', `Invalid api_key=${String(key)}.`) };
  }
  if (pathname !== '/waves/v1/s2s') return { status: 404, body: errorBody('not_found', pathname) };
  return searchParams.has('model')
    ? null
    : { status: 400, body: errorBody('missing_model', 'A model is needed.') };
}

function errorBody(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

function refuse(connection: Duplex, status: number, body: string): void {
  connection.on('error', () => undefined);
  connection.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
