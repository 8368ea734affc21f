import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { systemClock } from '../../../src/time/clock.ts';
import { standInDefaults, type StandInFault, type StandInOptions } from './options.ts';
import { takeFault } from './mishaps.ts';
import { StandInSession } from './session.ts';

/** Delays kept for the report (a count). */
const delayLimit = 100_000;
const path = '/v1/live/sessions';
const attachPath = /^\/v1\/live\/sessions\/([A-Za-z0-9_-]+)\/attach$/u;

/** A running stand-in for the Live API. */
export interface LiveStandIn {
  readonly port: number;
  /** `http://127.0.0.1:<port>/v1`, as the stock client wants it. */
  readonly baseUrl: string;
  /** `ws://…/v1/live/sessions`. */
  readonly url: string;
  /** Every primary connection there was, oldest first; open or not. */
  readonly sessions: readonly StandInSession[];
  /** Primary connections that are open. */
  readonly open: number;
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
 * Starts a server on this machine that keeps the vendor's protocol: rejects what it rejects, with its
 * codes, and speaks on the clock that its input drives. `GET /report` tells of connections and delays.
 */
export async function startLiveStandIn(options: StandInOptions = {}): Promise<LiveStandIn> {
  const settings = { clock: systemClock, ...standInDefaults, ...options };
  const faults: StandInFault[] = [...settings.faults];
  const sessions: StandInSession[] = [];
  const requests: { url: string; headers: IncomingMessage['headers'] }[] = [];
  const firstAudioMs: number[] = [];
  let open = 0;
  let connections = 0;
  const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const http = createServer((request, response) => {
    if (request.url !== '/report') {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ open, connections, firstAudioMs }));
  });
  const sockets = new Set<Duplex>();
  http.on('connection', (connection: Duplex) => {
    sockets.add(connection);
    connection.on('close', () => sockets.delete(connection));
  });
  http.on('upgrade', (request, connection, head) => {
    const url = request.url ?? '';
    requests.push({ url, headers: request.headers });
    const attached = attachPath.exec(url)?.[1];
    if (attached === undefined) connections += 1;
    const ordinal = connections;
    const fault = attached === undefined ? takeFault(faults, ordinal, { at: 'handshake' }) : null;
    const refusal =
      fault?.kind === 'refuse'
        ? { status: fault.status, body: fault.body ?? refusalBody('stand_in', 'Told to refuse.') }
        : refusalOf(request, settings.apiKey, attached !== undefined);
    if (refusal !== null) {
      refuse(connection, refusal);
      return;
    }
    if (fault !== null) {
      // Stalled, the connection stays open and nothing comes; otherwise it is gone.
      if (fault.kind !== 'stall') connection.destroy();
      return;
    }
    const joined = sessions.find(({ id, closed }) => id === attached && !closed);
    if (attached !== undefined && joined === undefined) {
      refuse(connection, { status: 404, body: refusalBody('not_found', 'No such session.') });
      return;
    }
    acceptor.handleUpgrade(request, connection, head, (socket) => {
      if (joined !== undefined) {
        joined.attach(socket);
        return;
      }
      open += 1;
      sessions.push(
        new StandInSession({
          settings,
          faults,
          socket,
          ordinal,
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
  return {
    port,
    baseUrl: `http://127.0.0.1:${port}/v1`,
    url: `ws://127.0.0.1:${port}${path}`,
    sessions,
    get open() {
      return open;
    },
    requests,
    firstAudioMs,
    inject: (fault) => void faults.push(fault),
    close: () => {
      for (const socket of acceptor.clients) socket.terminate();
      acceptor.close();
      for (const connection of sockets) connection.destroy();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
}

interface Refusal {
  readonly status: number;
  readonly body: string;
}

function refusalOf(
  { url = '', headers }: IncomingMessage,
  apiKey: string | null,
  attaches: boolean,
): Refusal | null {
  // There is no query on the primary socket, and no stored session that could be forked.
  if (url !== path && !attaches)
    return { status: 404, body: refusalBody('not_found', 'Not found.') };
  const key = /^Bearer (\S+)$/u.exec(headers.authorization ?? '')?.[1];
  if (key === undefined || (apiKey !== null && key !== apiKey)) {
    const body = refusalBody('invalid_api_key', `Incorrect API key provided: ${key ?? ''}`);
    return { status: 401, body };
  }
  return null;
}

function refusalBody(code: string, message: string): string {
  return JSON.stringify({ error: { type: 'invalid_request_error', code, message } });
}

function refuse(connection: Duplex, { status, body }: Refusal): void {
  connection.on('error', () => undefined);
  connection.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
