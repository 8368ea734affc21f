import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A server of HTTP on this machine that counts its connections. */
export interface HttpStandIn {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Connections open now. */
  readonly connections: number;
  /** Connections there have been. */
  readonly connectionsTotal: number;
  /** Closes every connection that is idle or not, and goes on listening. */
  dropConnections(): void;
  close(): Promise<void>;
}

export interface HttpStandInOptions {
  /** 0 = any free one. */
  readonly port?: number;
  /** How long an idle connection is kept, ms. */
  readonly keepAliveMs?: number;
}

/** @param serve answers one request; what it throws is the server's own fault */
export async function startHttpStandIn(
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  { port = 0, keepAliveMs = 60_000 }: HttpStandInOptions = {},
): Promise<HttpStandIn> {
  const sockets = new Set<Socket>();
  let connectionsTotal = 0;
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    serve(request, response).catch((thrown: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(thrown));
    });
  });
  server.on('connection', (socket: Socket) => {
    connectionsTotal += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return sockets.size;
    },
    get connectionsTotal() {
      return connectionsTotal;
    },
    dropConnections,
    close: async () => {
      dropConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Longest request, bytes. */
const bodyLimitBytes = 4 * 1024 * 1024;

/** @throws SyntaxError when it is no JSON */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let lengthBytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    pieces.push(piece);
    lengthBytes += piece.byteLength;
    if (lengthBytes > bodyLimitBytes) throw new SyntaxError('too long');
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8'));
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
