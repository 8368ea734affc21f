import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Before anything of the reply, ms. */
  readonly delayMs?: number;
  /** The connection is broken off instead. */
  readonly breakOff?: boolean;
}

/** A reply, or what makes one of the request and how often its path was asked before. */
export type Route = Reply | ((request: SeenRequest, before: number) => Reply);

/**
 * An HTTP server of a tool: routes by path, keeps what it was asked, and refuses what an API would
 * refuse (an unknown path, a body that is not the JSON that it says it is).
 */
export class HttpToolServer {
  readonly requests: SeenRequest[] = [];
  /** Requests whose client went away before the reply. */
  abandoned = 0;
  readonly #server: Server;
  readonly #routes: Readonly<Record<string, Route>>;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(routes: Readonly<Record<string, Route>>) {
    this.#routes = routes;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async open(routes: Readonly<Record<string, Route>>): Promise<HttpToolServer> {
    const server = new HttpToolServer(routes);
    await new Promise<void>((done) => server.#server.listen(0, '127.0.0.1', done));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_error, count) => resolve(count)));
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString('utf8');
    const seen: SeenRequest = { method, path: url, headers, body };
    const pathname = url.split('?')[0]!;
    const before = this.requests.filter(({ path }) => path.split('?')[0] === pathname).length;
    this.requests.push(seen);
    const route = this.#routes[pathname] ?? { status: 404, body: 'no such path' };
    const reply =
      isJson(headers['content-type']) && !parses(body) ? badJson : made(route, seen, before);
    response.once('close', () => {
      if (!response.writableEnded) this.abandoned += 1;
    });
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (reply.breakOff === true) {
        request.socket.destroy();
        return;
      }
      const type = { 'content-type': 'application/json' };
      response.writeHead(reply.status ?? 200, { ...type, ...reply.headers });
      response.end(reply.body ?? '{"ok":true}');
    }, reply.delayMs ?? 0);
    this.#timers.add(timer);
  }
}

const badJson: Reply = { status: 400, body: 'the body is not JSON' };

function made(route: Route, seen: SeenRequest, before: number): Reply {
  return typeof route === 'function' ? route(seen, before) : route;
}

function isJson(type: string | undefined): boolean {
  return type?.startsWith('application/json') === true;
}

function parses(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}
