import { WebSocket, type ClientOptions } from 'ws';

/** How an upgrade was answered. */
export type UpgradeAnswer =
  | {
      readonly kind: 'open';
      readonly socket: RawSocket;
      readonly headers: Readonly<Record<string, unknown>>;
      readonly subprotocol: string;
    }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly headers: Readonly<Record<string, unknown>>;
      readonly body: string;
    };

/** A client that says what it is told to and keeps what it got. */
class RawSocket {
  readonly messages: string[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;
  #wake: (() => void) | null = null;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.messages.push(data.toString('utf8'));
      this.#wake?.();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') }));
    });
  }

  send(message: string | Uint8Array): void {
    this.#socket.send(message);
  }

  close(): void {
    this.#socket.close(1000);
  }

  /** Waits for the first message, from the first one on, that `wanted` picks. */
  async next(wanted: (message: Readonly<Record<string, unknown>>) => boolean): Promise<unknown> {
    for (let place = 0; ; place += 1) {
      while (place >= this.messages.length) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      const message = JSON.parse(this.messages[place]!) as Record<string, unknown>;
      if (wanted(message)) return message;
    }
  }
}

/** Asks for an upgrade and takes whatever comes. */
function dial(
  url: string,
  subprotocols: readonly string[] = [],
  options: ClientOptions = {},
): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, [...subprotocols], options);
    let headers: Readonly<Record<string, unknown>> = {};
    const raw = new RawSocket(socket);
    socket.on('upgrade', (response) => (headers = response.headers));
    socket.on('open', () =>
      resolve({ kind: 'open', socket: raw, headers, subprotocol: socket.protocol }),
    );
    socket.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const { statusCode = 0 } = response;
        const body = Buffer.concat(parts).toString('utf8');
        resolve({ kind: 'refused', status: statusCode, headers: response.headers, body });
      });
    });
    socket.on('error', reject);
  });
}

/** As `dial`, where anything but an open socket is a failure. */
export async function open(
  url: string,
  subprotocols: readonly string[] = [],
  options: ClientOptions = {},
): Promise<UpgradeAnswer & { readonly kind: 'open' }> {
  const answer = await dial(url, subprotocols, options);
  if (answer.kind === 'refused') throw new Error(`refused with ${answer.status}: ${answer.body}`);
  return answer;
}

/** As `dial`, where an open socket is a failure. @returns status, headers and the JSON body */
export async function refused(
  url: string,
  subprotocols: readonly string[] = [],
  options: ClientOptions = {},
): Promise<{ status: number; headers: Readonly<Record<string, unknown>>; body: unknown }> {
  const answer = await dial(url, subprotocols, options);
  if (answer.kind === 'open') {
    answer.socket.close();
    throw new Error('the socket opened');
  }
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) };
}
