import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { CallError } from '../../src/ports/errors.ts';
import type { Clock, Timer } from '../../src/time/clock.ts';
import { withoutSecrets } from './secrets.ts';
import type { WireRecorder, WireRecording } from './wire-record.ts';

/** Why a connection is gone. */
export interface Loss {
  readonly error: CallError;
  /** WebSocket close code; `null` where it never came to that. */
  readonly closeCode: number | null;
  /** HTTP status of a refused upgrade; `null` where there was none. */
  readonly httpStatus: number | null;
}

const asText = { binary: false };
const asBinary = { binary: true };

/** What a connection tells its owner. */
export interface ConnectionHandlers {
  /** The upgrade is through. */
  open?(): void;
  message(message: Buffer, isBinary: boolean): void;
  /** It is gone, or never came about; why, in the upstream's words. Told once, unless we closed. */
  lost(loss: Loss): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The key, so that it can be cut out of what the upstream says. */
  readonly secret: string | null;
  readonly clock: Clock;
  readonly handlers: ConnectionHandlers;
  /** Records what goes over it; `null`: nobody does. */
  readonly recorder: WireRecorder | null;
}

/** Longest message of an upstream, bytes: an audio delta of half a minute, or a large session. */
const maxMessageBytes = 4 * 1024 * 1024;
/** Between pings, ms; a server that speaks is not asked whether it lives. */
const pingAfterMs = 20_000;
/** Pings without any sign of life. Hosted servers answer slowly under load: no tight limit. */
const unansweredLimit = 3;
/** Audio is not handed over beyond this much unsent, bytes. */
const audioWaterBytes = 1024 * 1024;
/** Nothing is handed over beyond this much unsent, bytes. */
const highWaterBytes = 4 * 1024 * 1024;
/** How long the upstream may take to answer our goodbye, ms. */
const closeTimeoutMs = 1000;
/** Of a refusal's body, bytes. */
const bodyLimitBytes = 8192;

/** One socket to an upstream: its life, and nothing of what is said on it. */
export class Connection {
  handlers: ConnectionHandlers;
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #recording: WireRecording | null;
  readonly #gone = Promise.withResolvers<null>();
  #pingTimer: Timer | null = null;
  #closeTimer: Timer | null = null;
  #unanswered = 0;
  #isOver = false;

  /** Begins to connect at once. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.handlers = options.handlers;
    this.#recording = options.recorder?.begin(options) ?? null;
    const socket = new WebSocket(options.url, {
      headers: { ...options.headers },
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      // What is no UTF-8 becomes U+FFFD in the text of an event, and no base64 in its audio.
      skipUTF8Validation: true,
      // A redirect would carry the key to wherever it points.
      followRedirects: false,
    });
    this.#socket = socket;
    socket.on('open', () => {
      this.#recording?.opened();
      this.#ping();
      if (!this.#isOver) this.handlers.open?.();
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.#unanswered = 0;
      this.#recording?.frame('down', data, isBinary);
      if (!this.#isOver) this.handlers.message(data, isBinary);
    });
    socket.on('pong', () => (this.#unanswered = 0));
    socket.on('ping', () => (this.#unanswered = 0));
    socket.on('unexpected-response', (_request, response) => this.#refused(response));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', (code, reason) => {
      this.#closeTimer?.cancel();
      this.#gone.resolve(null);
      const said = withoutSecrets(reason.toString('utf8'), options.secret);
      this.#lose(closedError(code, said), code);
    });
  }

  /** Something can be sent; not any more once either side has said goodbye. */
  get isOpen(): boolean {
    return !this.#isOver && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Resolves when nothing of it is left on the network; never rejects. */
  get gone(): Promise<null> {
    return this.#gone.promise;
  }

  /**
   * @param kind audio is refused while the upstream does not read; control only far beyond that
   * @returns whether it was taken; what is sent while the connection closes is, and goes nowhere
   */
  send(text: string | Buffer, kind: 'audio' | 'control'): boolean {
    return this.#send(text, kind === 'audio' ? audioWaterBytes : highWaterBytes, false);
  }

  /** Audio as a binary message; the bytes are only read. @returns as `send` */
  sendBinary(audio: Uint8Array): boolean {
    const bytes = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength);
    return this.#send(bytes, audioWaterBytes, true);
  }

  /** Idempotent; nothing is told afterwards. */
  close(): void {
    this.#over();
    this.#recording?.closed('up', { code: 1000, reason: '' });
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    if (this.#socket.readyState === WebSocket.CONNECTING) {
      this.#socket.terminate();
      return;
    }
    const { clock } = this.#options;
    this.#socket.close(1000);
    this.#closeTimer ??= clock.timerAt(clock.nowMs() + closeTimeoutMs, () =>
      this.#socket.terminate(),
    );
  }

  #send(data: string | Buffer, limitBytes: number, isBinary: boolean): boolean {
    const { readyState } = this.#socket;
    if (this.#isOver || readyState === WebSocket.CONNECTING) return false;
    // It is being closed: why is told in a moment, and must not be taken for a full buffer.
    if (readyState !== WebSocket.OPEN) return true;
    if (this.#socket.bufferedAmount > limitBytes) return false;
    this.#recording?.frame('up', data, isBinary);
    this.#socket.send(data, isBinary ? asBinary : asText);
    return true;
  }

  #ping(): void {
    if (this.#isOver) return;
    if (this.#unanswered >= unansweredLimit) {
      this.#socket.terminate();
      this.#lose(new CallError('backend_stalled', 'the upstream does not answer pings'), null);
      return;
    }
    // The first one is asked after a while: a fresh connection has just shown that it lives.
    if (this.#pingTimer !== null) {
      this.#unanswered += 1;
      this.#socket.ping();
    }
    const { clock } = this.#options;
    this.#pingTimer = clock.timerAt(clock.nowMs() + pingAfterMs, () => this.#ping());
  }

  /** An answer to the upgrade that is no WebSocket; its body says why. */
  #refused(response: IncomingMessage): void {
    const { statusCode: status = 0 } = response;
    const pieces: Buffer[] = [];
    let lengthBytes = 0;
    const tell = (): void => {
      response.destroy();
      const body = Buffer.concat(pieces).toString('utf8');
      const said = withoutSecrets(refusalText(body), this.#options.secret);
      const message = `the upstream refused with HTTP ${status}${said === '' ? '' : ` (${said})`}`;
      this.#lose(new CallError('backend_refused', message), null, status);
    };
    response.on('data', (piece: Buffer) => {
      pieces.push(piece);
      lengthBytes += piece.byteLength;
      if (lengthBytes > bodyLimitBytes) tell();
    });
    response.on('end', tell);
    response.on('error', tell);
  }

  #failed(error: Error & { readonly code?: string }): void {
    const { code = 'no code' } = error;
    // The address is in the configuration; the message of the operating system repeats it.
    const what = code.startsWith('WS_ERR') ? 'broke the WebSocket protocol' : 'cannot be reached';
    const ours = code.startsWith('WS_ERR') ? 'backend_protocol' : 'backend_refused';
    this.#lose(new CallError(ours, `the upstream ${what} (${code})`), null);
    this.#socket.terminate();
  }

  #lose(error: CallError, closeCode: number | null, httpStatus: number | null = null): void {
    if (this.#isOver) return;
    this.#over();
    this.#recording?.closed('down', { code: closeCode, reason: error.message });
    this.handlers.lost({ error, closeCode, httpStatus });
  }

  #over(): void {
    this.#isOver = true;
    this.#pingTimer?.cancel();
  }
}

function closedError(code: number, reason: string): CallError {
  const said = reason === '' ? '' : `: ${reason}`;
  return new CallError('backend_closed', `the upstream closed with ${code}${said}`);
}

/** What a refusal says, in a few words: the error of a JSON body, or nothing. */
function refusalText(body: string): string {
  try {
    const { error } = JSON.parse(body) as { readonly error?: unknown };
    if (typeof error === 'string') return error;
    if (typeof error !== 'object' || error === null) return '';
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    return [code, message].filter((it) => typeof it === 'string').join(': ');
  } catch {
    return '';
  }
}
