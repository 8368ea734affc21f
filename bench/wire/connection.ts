import { createHash, randomBytes } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { FrameReader, opcodes, unmask, writeFrame, type Frame } from './frames.ts';

/** What a connection tells its owner. */
export interface ConnectionHandlers {
  /** A text frame, still masked on a server: the owner unmasks what it reads. */
  readonly text: (frame: Frame) => void;
  /** Once, however it ended. `code` is `null` where no close frame came. */
  readonly closed: (code: number | null, reason: string) => void;
}

/** RFC 6455 §1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * A WebSocket with the least between the benchmark and its socket: no events, no queues, no
 * fragmentation (none of the measured sides fragments). Answers pings and closes.
 */
export class BenchConnection {
  readonly #socket: Duplex;
  readonly #reader = new FrameReader();
  readonly #mask: Buffer | null;
  #handlers: ConnectionHandlers | null = null;
  #over = false;
  #closeCode: number | null = null;
  #closeReason = '';

  /** @param mask what a client masks with; `null` on a server */
  constructor(socket: Duplex, mask: Buffer | null) {
    this.#socket = socket;
    this.#mask = mask;
  }

  get mask(): Buffer | null {
    return this.#mask;
  }

  /** @param head what was read after the handshake */
  listen(handlers: ConnectionHandlers, head: Buffer): void {
    this.#handlers = handlers;
    this.#socket.on('data', (data: Buffer) => this.#data(data));
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end(this.#closeReason));
    if (head.byteLength > 0) this.#data(head);
  }

  sendJson(message: unknown): void {
    this.#send(opcodes.text, Buffer.from(JSON.stringify(message)));
  }

  /** Writes a frame made before; the memory is given away. */
  write(frame: Buffer): void {
    if (!this.#over) this.#socket.write(frame);
  }

  /** Says goodbye and closes the connection. Idempotent. */
  close(): void {
    if (this.#over) return;
    this.#send(opcodes.close, Buffer.from([0x03, 0xe8]));
    this.#socket.end();
    this.#closeCode ??= 1000;
  }

  #send(opcode: number, payload: Buffer): void {
    this.write(writeFrame(payload, { opcode, mask: this.#mask }).bytes);
  }

  #data(data: Buffer): void {
    try {
      this.#reader.push(data, (frame) => this.#frame(frame));
    } catch (thrown) {
      this.#closeReason = thrown instanceof Error ? thrown.message : 'unreadable';
      this.#socket.destroy();
    }
  }

  #frame(frame: Frame): void {
    switch (frame.opcode) {
      case opcodes.text:
        this.#handlers?.text(frame);
        return;
      case opcodes.ping:
        unmask(frame);
        this.#send(opcodes.pong, frame.payload);
        return;
      case opcodes.close: {
        unmask(frame);
        const { payload } = frame;
        this.#closeCode ??= payload.byteLength >= 2 ? payload.readUInt16BE(0) : 1005;
        if (this.#closeReason === '') this.#closeReason = payload.toString('utf8', 2);
        this.#send(opcodes.close, payload.subarray(0, 2));
        this.#socket.end();
        return;
      }
      default:
        return;
    }
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#handlers?.closed(this.#closeCode, reason);
  }
}

/** A connection after its handshake, and what the peer had sent right behind it. */
export interface Opened {
  readonly connection: BenchConnection;
  readonly head: Buffer;
  readonly headers: IncomingMessage['headers'];
}

/** Longest wait for an answer to the upgrade, ms. */
const upgradeTimeoutMs = 15_000;

/** Opens a connection to a `ws://` URL. @throws Error with the HTTP status when it is refused */
export function connect(url: string): Promise<Opened> {
  const { promise, resolve, reject } = Promise.withResolvers<Opened>();
  const target = new URL(url);
  const key = randomBytes(16).toString('base64');
  const asked = request({
    host: target.hostname,
    port: target.port,
    path: target.pathname + target.search,
    agent: false,
    timeout: upgradeTimeoutMs,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
    },
  });
  asked.on('upgrade', (response, socket, head) => {
    if (response.headers['sec-websocket-accept'] !== acceptOf(key)) {
      socket.destroy();
      reject(new Error('the handshake was answered wrongly'));
      return;
    }
    // Without this a frame waits for the acknowledgement of the one before (Nagle).
    if ('setNoDelay' in socket)
      (socket as Duplex & { setNoDelay(on: boolean): void }).setNoDelay(true);
    const connection = new BenchConnection(socket, maskKey());
    resolve({ connection, head, headers: response.headers });
  });
  asked.on('response', (response) => {
    response.resume();
    reject(new Error(`the upgrade was answered with HTTP ${response.statusCode ?? 0}`));
  });
  asked.on('timeout', () => asked.destroy(new Error('the upgrade was not answered')));
  asked.on('error', reject);
  asked.end();
  return promise;
}

/** Completes the server's side of a handshake. */
export function accept(message: IncomingMessage, socket: Duplex): BenchConnection {
  const key = message.headers['sec-websocket-key'] ?? '';
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
  );
  if ('setNoDelay' in socket)
    (socket as Duplex & { setNoDelay(on: boolean): void }).setNoDelay(true);
  return new BenchConnection(socket, null);
}

function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + acceptSuffix)
    .digest('base64');
}

/** A real mask: servers skip the work for a mask of zeros, and would look cheaper than they are. */
function maskKey(): Buffer {
  const key = randomBytes(4);
  for (const [index, byte] of key.entries()) key[index] = byte === 0 ? 0x5a : byte;
  return key;
}
