import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type Server } from 'ws';
import { CallError } from '../ports/errors.ts';
import { unansweredPings, type Socket, type SocketHandlers } from '../ports/socket.ts';
import { asciiFrame, textFrame } from '../streams/text-frame.ts';
import { Allowance } from '../time/allowance.ts';
import type { Clock, Timer } from '../time/clock.ts';

export interface WebSocketOptions {
  readonly clock: Clock;
  /** Longest message, bytes; a longer one closes with 1009. 15 MiB of audio is 20 MiB of base64. */
  readonly maxMessageBytes?: number;
  /**
   * How fast a connection is read, bytes a second, whole messages or not. Reading the longest message
   * as fast as it comes would keep everybody else waiting; an hour of audio takes a minute so.
   */
  readonly readBytesPerSecond?: number;
  /** Between pings, and so the longest silence before one, ms. Two unanswered end it. */
  readonly pingAfterMs?: number;
  /** How long the peer may take to answer a closing handshake, ms. */
  readonly closeTimeoutMs?: number;
}

/** What the answer to an upgrade says besides yes. */
export interface HandshakeAnswer {
  readonly subprotocol: string | null;
  /** Further header lines. */
  readonly headers: Readonly<Record<string, string>>;
}

const defaults = {
  maxMessageBytes: 21 * 1024 * 1024,
  readBytesPerSecond: 8 * 1024 * 1024,
  pingAfterMs: 20_000,
  closeTimeoutMs: 5_000,
} as const;

/** What a connection may send at once, bytes, before `readBytesPerSecond` holds it back. */
const readBurstBytes = 1024 * 1024;
/** Pings that may stay unanswered before the peer counts as gone. */
const unansweredLimit = 2;
/** RFC 6455 §5.5: a control frame carries 125 bytes, two of them the close code. */
const closeReasonBytes = 123;

/** The subprotocols a request offers, in its order. */
export function offeredSubprotocols(request: IncomingMessage): readonly string[] {
  const header = request.headers['sec-websocket-protocol'];
  if (header === undefined) return [];
  return header
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/**
 * The WebSocket server: turns upgrade requests into `Socket`s. This file is the only one that
 * knows the implementation behind them; a second one would take its place here.
 */
export class WebSocketAcceptor {
  readonly #server: Server<typeof TellingWebSocket>;
  readonly #settings: Required<WebSocketOptions>;
  readonly #answers = new WeakMap<IncomingMessage, HandshakeAnswer>();
  readonly #open = new Set<WsSocket>();

  constructor(options: WebSocketOptions) {
    this.#settings = { ...defaults, ...options };
    this.#server = new WebSocketServer({
      noServer: true,
      WebSocket: TellingWebSocket,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#settings.maxMessageBytes,
      handleProtocols: (offered, request) => {
        const chosen = this.#answers.get(request)?.subprotocol ?? null;
        return chosen !== null && offered.has(chosen) ? chosen : false;
      },
    });
    this.#server.on('headers', (lines, request) => {
      const headers = this.#answers.get(request)?.headers ?? {};
      for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    });
    // With a listener the server leaves the answer to a malformed handshake to `accept`.
    this.#server.on('wsClientError', () => undefined);
  }

  /**
   * Completes the handshake on the connection of an upgrade request.
   *
   * @throws CallError when the request is no WebSocket handshake or its connection is gone; nothing
   *   was written to the connection then
   */
  accept(
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer,
    answer: HandshakeAnswer,
  ): Socket {
    const opened: TellingWebSocket[] = [];
    this.#answers.set(request, answer);
    this.#server.handleUpgrade(request, connection, head, (socket) => opened.push(socket));
    const [websocket] = opened;
    if (websocket === undefined) {
      throw new CallError('invalid_value', 'The request is not a WebSocket handshake (RFC 6455).');
    }
    const socket = new WsSocket(websocket, connection, this.#settings, () =>
      this.#open.delete(socket),
    );
    this.#open.add(socket);
    return socket;
  }

  /** Sockets that are open. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Closes every socket that is still open and waits for those that are closing. Resolves when all
   * are gone, at the closing timeout at the latest.
   */
  async end(code: number, reason: string): Promise<void> {
    const sockets = [...this.#open];
    for (const socket of sockets) socket.end(code, reason);
    await Promise.all(sockets.map((socket) => socket.gone));
  }
}

/** `ws` closes by itself when a message is too long; this lets the owner say so before. */
class TellingWebSocket extends WebSocket {
  /** Called once, before the closing handshake begins. */
  beforeTooLarge: (() => void) | null = null;

  override close(code?: number, reason?: string | Buffer): void {
    // Only the library closes with 1009 and without a reason.
    if (code === 1009 && reason === undefined) {
      const tell = this.beforeTooLarge;
      this.beforeTooLarge = null;
      tell?.();
    }
    super.close(code, reason);
  }
}

/** One open connection. Reads nothing until it is listened to, so that nothing has to be kept. */
class WsSocket implements Socket {
  readonly #websocket: TellingWebSocket;
  readonly #connection: Duplex;
  readonly #settings: Required<WebSocketOptions>;
  #handlers: SocketHandlers | null = null;
  /** Set when the end came before anyone listened. */
  #ended: { readonly code: number; readonly reason: string } | null = null;
  /** Why we end it, where the peer's own code would say less. */
  #ownEnd: { readonly code: number; readonly reason: string } | null = null;
  #pingTimer: Timer | null = null;
  #closeTimer: Timer | null = null;
  #holdTimer: Timer | null = null;
  #heldUntilMs = 0;
  /** Pings since anything was heard. */
  #unanswered = 0;
  #lastPing: { readonly mark: string; readonly atMs: number } | null = null;
  #pings = 0;
  readonly #gone = Promise.withResolvers<null>();

  constructor(
    websocket: TellingWebSocket,
    connection: Duplex,
    settings: Required<WebSocketOptions>,
    onGone: () => void,
  ) {
    this.#websocket = websocket;
    this.#connection = connection;
    this.#settings = settings;
    websocket.pause();
    const reading = new Allowance({
      perSecond: settings.readBytesPerSecond,
      burst: readBurstBytes,
    });
    connection.on('data', (piece: Buffer) => {
      const holdMs = reading.take(piece.byteLength, settings.clock.nowMs());
      if (holdMs > 0) this.hold(holdMs);
    });
    websocket.on('message', (data: Buffer, isBinary: boolean) => this.#message(data, isBinary));
    websocket.on('pong', (data) => this.#pong(data));
    websocket.on('ping', () => this.#heard());
    websocket.beforeTooLarge = () => this.#handlers?.tooLarge?.(settings.maxMessageBytes);
    websocket.on('error', (error: Error & { code?: string }) => {
      // `ws` closes by itself after an error; what is kept is why, for the owner.
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
        this.#ownEnd ??= { code: 1009, reason: 'message too large' };
      }
      this.#armCloseTimer();
    });
    websocket.on('close', (code, reason) => {
      this.#pingTimer?.cancel();
      this.#closeTimer?.cancel();
      this.#holdTimer?.cancel();
      onGone();
      this.#gone.resolve(null);
      this.#finish(this.#ownEnd ?? { code, reason: reason.toString('utf8') });
    });
    this.#ping();
  }

  get unsentBytes(): number {
    return this.#websocket.bufferedAmount;
  }

  listen(handlers: SocketHandlers): void {
    if (this.#handlers !== null) throw new TypeError('listen: the socket already has its owner');
    this.#handlers = handlers;
    if (this.#ended !== null) handlers.closed(this.#ended.code, this.#ended.reason);
    else this.#websocket.resume();
  }

  /**
   * Past `ws`, which writes a header and a text apart (bench/frame-path.ts). It never holds a frame
   * back or splits one without compression, so whole frames may stand between its own.
   */
  sendText(message: string): void {
    if (this.#websocket.readyState === this.#websocket.OPEN) {
      this.#connection.write(textFrame(message));
    }
  }

  sendAscii(parts: readonly string[]): void {
    if (this.#websocket.readyState === this.#websocket.OPEN) {
      this.#connection.write(asciiFrame(parts));
    }
  }

  sendBinary(message: Uint8Array): void {
    if (this.#websocket.readyState === this.#websocket.OPEN) this.#websocket.send(message);
  }

  hold(durationMs: number): void {
    const { clock } = this.#settings;
    const untilMs = clock.nowMs() + durationMs;
    if (untilMs <= this.#heldUntilMs || this.#websocket.readyState !== this.#websocket.OPEN) return;
    this.#heldUntilMs = untilMs;
    this.#websocket.pause();
    this.#holdTimer?.cancel();
    this.#holdTimer = clock.timerAt(untilMs, () => this.#websocket.resume());
  }

  close(code: number, reason: string): void {
    if (this.#websocket.readyState !== this.#websocket.OPEN) return;
    const short = truncateUtf8(reason, closeReasonBytes);
    this.#ownEnd ??= { code, reason: short };
    this.#pingTimer?.cancel();
    this.#holdTimer?.cancel();
    // A paused socket would not see the peer's answer.
    this.#websocket.resume();
    // 1005 and 1006 are never sent: they say that there was no closing handshake.
    if (code === 1005 || code === 1006) {
      this.#websocket.terminate();
      return;
    }
    this.#websocket.close(code, short);
    this.#armCloseTimer();
  }

  /** Resolves when the connection is closed. */
  get gone(): Promise<unknown> {
    return this.#gone.promise;
  }

  /** Closes it if nobody has yet, and bounds how long that takes. */
  end(code: number, reason: string): void {
    this.close(code, reason);
    this.#armCloseTimer();
  }

  #message(data: Buffer, isBinary: boolean): void {
    this.#heard();
    if (this.#websocket.readyState !== this.#websocket.OPEN) return;
    if (isBinary) this.#handlers?.binary(data);
    else this.#handlers?.text(data);
  }

  #heard(): void {
    this.#unanswered = 0;
  }

  #pong(data: Buffer): void {
    this.#heard();
    if (this.#lastPing === null || data.toString('latin1') !== this.#lastPing.mark) return;
    const roundTripMs = this.#settings.clock.nowMs() - this.#lastPing.atMs;
    this.#lastPing = null;
    this.#handlers?.pong(roundTripMs);
  }

  /**
   * One ping at the start and then one per period, busy or not: the round trip is wanted during
   * speech as well. Only a peer from which nothing at all came since two pings is given up.
   */
  #ping(): void {
    const { clock, pingAfterMs } = this.#settings;
    if (this.#unanswered >= unansweredLimit) {
      this.#ownEnd ??= { code: 1006, reason: unansweredPings };
      this.#websocket.terminate();
      return;
    }
    const atMs = clock.nowMs();
    this.#unanswered += 1;
    this.#pings += 1;
    this.#lastPing = { mark: String(this.#pings), atMs };
    this.#websocket.ping(this.#lastPing.mark);
    this.#pingTimer = clock.timerAt(atMs + pingAfterMs, () => this.#ping());
  }

  #armCloseTimer(): void {
    const { clock, closeTimeoutMs } = this.#settings;
    this.#closeTimer ??= clock.timerAt(clock.nowMs() + closeTimeoutMs, () =>
      this.#websocket.terminate(),
    );
  }

  #finish(end: { readonly code: number; readonly reason: string }): void {
    if (this.#ended !== null) return;
    this.#ended = end;
    this.#handlers?.closed(end.code, end.reason);
  }
}

function truncateUtf8(text: string, limitBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.byteLength <= limitBytes) return text;
  // A cut character decodes to U+FFFD at the end; it is left out.
  return bytes
    .subarray(0, limitBytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
