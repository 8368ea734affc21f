import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { systemClock } from '../../src/time/clock.ts';
import { DelayReport } from './delay-report.ts';
import { standInDefaults, type StandInOptions, type StandInSettings } from './options.ts';
import { StandInSession } from './stand-in-session.ts';

/** A running stand-in for the hosted OpenAI Realtime API. */
export interface StandIn {
  readonly port: number;
  /** Base URL for a backend's `url`: `ws://127.0.0.1:<port>/v1/realtime`. */
  readonly url: string;
  /** Every session there was, oldest first; open or not. */
  readonly sessions: readonly StandInSession[];
  /** Sessions whose socket is open. */
  readonly open: number;
  /** Upgrade requests so far, refused ones too. */
  readonly requests: readonly {
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
  }[];
  close(): Promise<void>;
}

/**
 * Starts a server on this machine that keeps the vendor's protocol: order of events, ids, errors,
 * truncation rules, one response at a time. `GET /report` tells how long marked frames were under
 * way (`?reset=1` begins anew).
 */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const settings: StandInSettings = { clock: systemClock, ...standInDefaults, ...options };
  const sessions: StandInSession[] = [];
  const requests: { url: string; headers: IncomingMessage['headers'] }[] = [];
  const report = new DelayReport();
  let open = 0;
  const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    if (url.pathname !== '/report') {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ open, sessions: sessions.length, up: report.shown() }));
    if (url.searchParams.has('reset')) report.reset();
  });
  const connections = new Set<Duplex>();
  http.on('connection', (connection: Duplex) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
  });
  http.on('upgrade', (request, connection, head) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    requests.push({ url: request.url ?? '', headers: request.headers });
    const refused = refusal(settings, url, request) ?? full(settings, sessions.length);
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
      const session = new StandInSession({
        settings,
        socket,
        model: url.searchParams.get('model') ?? '',
        ordinal: sessions.length + 1,
        report,
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
    port,
    url: `ws://127.0.0.1:${port}/v1/realtime`,
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
  { fault, apiKey }: StandInSettings,
  url: URL,
  { headers }: IncomingMessage,
): { status: number; body: string } | null {
  if (fault?.kind === 'refuse') {
    const body = errorBody('server_error', 'told_to_refuse', 'The stand-in was told to refuse.');
    return { status: fault.status, body: fault.body ?? body };
  }
  const key = headers.authorization?.replace(/^(?:Bearer|Basic) /, '') ?? headers['api-key'];
  if (apiKey !== null && key !== apiKey) {
    const message = `Incorrect API key provided: ${String(key)}.`;
    return { status: 401, body: errorBody('invalid_request_error', 'invalid_api_key', message) };
  }
  if (headers['openai-beta'] !== undefined) {
    const message = 'The beta API is no longer served.';
    return {
      status: 400,
      body: errorBody('invalid_request_error', 'beta_api_shape_disabled', message),
    };
  }
  if (!url.searchParams.has('model')) {
    const message = 'You must provide a model parameter.';
    return { status: 400, body: errorBody('invalid_request_error', 'missing_model', message) };
  }
  return null;
}

function full(
  { maxSessions }: StandInSettings,
  sessions: number,
): { status: number; body: string } | null {
  if (sessions < maxSessions) return null;
  return { status: 503, body: errorBody('server_error', 'full', 'No more sessions.') };
}

function errorBody(type: string, code: string, message: string): string {
  return JSON.stringify({ error: { type, code, message, param: null } });
}

function refuse(connection: Duplex, status: number, body: string): void {
  connection.on('error', () => undefined);
  connection.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
