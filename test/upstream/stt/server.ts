import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { systemClock } from '../../../src/time/clock.ts';
import { sttStandInDefaults, type SttStandInOptions, type SttStandInSettings } from './options.ts';
import type { Told } from './recogniser.ts';
import type { StandInSession } from './session.ts';

/** What there was, over all connections. */
export interface SttStandInStats {
  readonly connections: number;
  readonly audioMs: number;
  readonly flushes: number;
  /** Rules that clients broke. */
  readonly violations: readonly string[];
  /** Delays that were drawn, ms. */
  readonly drawnMs: readonly number[];
}

/** A running stand-in for a recogniser. */
export interface SttStandIn {
  /** For the adapter's `url`. */
  readonly url: string;
  /** `http://127.0.0.1:<port>`, without a path. */
  readonly origin: string;
  /** Every connection there was, oldest first. */
  readonly sessions: readonly StandInSession[];
  /** Connections that are open. */
  readonly open: number;
  /** Request lines of the upgrades so far, refused ones too. */
  readonly requests: readonly string[];
  readonly stats: SttStandInStats;
  close(): Promise<void>;
}

export interface Door {
  /** What a client's `url` ends in. */
  readonly urlPath: string;
  /** The key in a request; `null` where there is none. */
  key(headers: IncomingHttpHeaders): string | null;
  /** What is wrong with an address: HTTP status and words; `null` where nothing is. */
  refusal(url: URL): { readonly status: number; readonly said: string } | null;
  session(made: SessionMade): StandInSession;
}

/** What a session is made with. */
export interface SessionMade {
  readonly settings: SttStandInSettings;
  readonly socket: WebSocket;
  readonly url: URL;
  /** Counts the server's connections from 1. */
  readonly ordinal: number;
  readonly told: Told;
}

/** Starts a server on this machine that keeps a vendor's protocol. */
export async function startStandIn(
  door: Door,
  options: SttStandInOptions = {},
): Promise<SttStandIn> {
  const settings: SttStandInSettings = { clock: systemClock, ...sttStandInDefaults, ...options };
  const sessions: StandInSession[] = [];
  const requests: string[] = [];
  const told: Told = { next: 0 };
  let open = 0;
  let attempts = 0;
  const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const http = createServer((_request, response) => response.writeHead(404).end());
  const connections = new Set<Duplex>();
  http.on('connection', (connection: Duplex) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
  });
  http.on('upgrade', (request, connection, head) => {
    requests.push(request.url ?? '');
    attempts += 1;
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const { apiKey, fault } = settings;
    const isFaulty = fault !== null && attempts <= (fault.sessions ?? 1);
    if (isFaulty && fault.kind === 'refuse') {
      refuse(connection, fault.status, fault.body ?? errorBody('As told.'));
      return;
    }
    if (isFaulty && 'at' in fault && fault.at === 'handshake') {
      if (fault.kind !== 'stall') connection.destroy();
      return;
    }
    const key = door.key(request.headers);
    if (apiKey !== null && key !== apiKey) {
      // The worst that a server can do with a key: repeat it.
      refuse(connection, 401, errorBody(`Invalid credentials ${String(key)}.`));
      return;
    }
    const wrong = door.refusal(url);
    if (wrong !== null) {
      refuse(connection, wrong.status, errorBody(wrong.said));
      return;
    }
    acceptor.handleUpgrade(request, connection, head, (socket) => {
      open += 1;
      socket.on('close', () => (open -= 1));
      sessions.push(door.session({ settings, socket, url, ordinal: attempts, told }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(settings.port, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}${door.urlPath}`,
    origin: `http://127.0.0.1:${port}`,
    sessions,
    get open() {
      return open;
    },
    requests,
    get stats() {
      return {
        connections: sessions.length,
        audioMs: sessions.reduce((sum, one) => sum + one.audioMs, 0),
        flushes: sessions.reduce((sum, one) => sum + one.flushes, 0),
        violations: sessions.flatMap((one) => one.violations),
        drawnMs: sessions.flatMap((one) => one.drawnMs),
      };
    },
    close: () => {
      for (const socket of acceptor.clients) socket.terminate();
      acceptor.close();
      for (const connection of connections) connection.destroy();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
}

export function errorBody(message: string): string {
  return JSON.stringify({ error: { code: 'stand_in', message } });
}

function refuse(connection: Duplex, status: number, body: string): void {
  connection.on('error', () => undefined);
  connection.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** The key behind a scheme in `Authorization`. */
export function keyBehind(scheme: string): (headers: IncomingHttpHeaders) => string | null {
  return ({ authorization = '' }) =>
    authorization.startsWith(`${scheme} `) ? authorization.slice(scheme.length + 1) : null;
}
