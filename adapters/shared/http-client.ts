import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { CallError } from '../../src/ports/errors.ts';
import type { Clock } from '../../src/time/clock.ts';
import { HttpAnswer } from './http-answer.ts';
import { refusalOf } from './http-refusal.ts';
import type { WireRecorder, WireRecording } from './wire-record.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** The key, so that it can be cut out of what the upstream says. */
  readonly secret: string | null;
  /** Aborting it closes the connection at once, whatever has come by then. */
  readonly signal: AbortSignal;
}

export interface HttpClientOptions {
  readonly clock: Clock;
  readonly recorder: WireRecorder | null;
  /** Longest time to a connection, ms. */
  readonly connectTimeoutMs: number;
  /** Requests at once (a count); more are refused rather than queued. */
  readonly requestLimit?: number;
}

/** What a client counts; names of its figures. */
interface HttpCounters {
  requestsSent: number;
  requestsActive: number;
  requestsRefused: number;
  connectionsOpened: number;
  connectionsReused: number;
  /** Sent again because the connection had been closed by the other side meanwhile. */
  requestsResent: number;
}

const usualRequestLimit = 256;
/** Idle connections that are kept (a count). */
const idleLimit = 16;
/** Of a refusal's body, bytes. */
const refusalLimitBytes = 8192;
/** How long a refusal's body may take, ms. */
const refusalTimeoutMs = 2000;

/**
 * Requests to one upstream over connections that stay open. Node's own `fetch` closes an idle
 * connection after 4 s, less than a caller's turn, and every answer would begin with a handshake;
 * here the server alone decides, and what it says in `keep-alive` is followed. Redirects are not:
 * one would carry the key to wherever it points.
 */
export class HttpClient {
  readonly counters: HttpCounters = {
    requestsSent: 0,
    requestsActive: 0,
    requestsRefused: 0,
    connectionsOpened: 0,
    connectionsReused: 0,
    requestsResent: 0,
  };
  readonly #options: HttpClientOptions;
  readonly #plain = new http.Agent({ keepAlive: true, maxFreeSockets: idleLimit });
  readonly #secure = new https.Agent({ keepAlive: true, maxFreeSockets: idleLimit });
  readonly #closing = new Set<() => void>();
  #isClosed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the head of a 2xx answer.
   *
   * @throws HttpRefusal with the upstream's words where it answers otherwise
   * @throws CallError when it cannot be reached, was aborted, or too many requests are under way
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { requestLimit = usualRequestLimit } = this.#options;
    if (this.#isClosed) throw new CallError('backend_closed', 'the client is closed');
    if (request.signal.aborted) throw abandoned(request.signal);
    if (this.counters.requestsActive >= requestLimit) {
      this.counters.requestsRefused += 1;
      throw new CallError('backend_overloaded', `more than ${requestLimit} requests at once`);
    }
    const answer = await this.#exchange(request, true);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await this.#refusal(request, answer);
  }

  figures(): Readonly<Record<string, number>> {
    return { ...this.counters };
  }

  /** Ends whatever is under way and closes every connection. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const end of [...this.#closing]) end();
    this.#plain.destroy();
    this.#secure.destroy();
  }

  /** @param mayResend a connection that was found dead is replaced, once */
  #exchange(request: HttpRequest, mayResend: boolean): Promise<HttpAnswer> {
    const { url, headers, body, method, signal, secret } = request;
    const isSecure = url.startsWith('https:');
    const recording = this.#options.recorder?.begin({ url, headers, secret }) ?? null;
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const outgoing = (isSecure ? https : http).request(url, {
      method,
      headers: { ...headers, ...length },
      agent: isSecure ? this.#secure : this.#plain,
    });
    this.counters.requestsSent += 1;
    this.counters.requestsActive += 1;
    const connected = this.#connectDeadline(outgoing, isSecure);
    let answer: HttpAnswer | null = null;
    let isGivenUp = false;
    const end = (): void => {
      isGivenUp = true;
      outgoing.destroy();
    };
    signal.addEventListener('abort', end, { once: true });
    this.#closing.add(end);

    outgoing.on('response', (incoming: IncomingMessage) => {
      connected();
      recording?.opened();
      answer = new HttpAnswer(incoming, { signal, clock: this.#options.clock, recording });
      resolve(answer);
    });
    outgoing.on('error', (error: Error & { readonly code?: string }) => {
      if (answer !== null) return;
      if (isGivenUp) {
        reject(abandoned(signal));
        return;
      }
      const wasCut = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      if (outgoing.reusedSocket && wasCut && mayResend) {
        // Nothing has come of it: it was closed as we wrote. What is asked for has no effects there.
        this.counters.requestsResent += 1;
        resolve(this.#exchange(request, false));
        return;
      }
      reject(error instanceof CallError ? error : unreachable(error));
    });
    outgoing.on('close', () => {
      connected();
      signal.removeEventListener('abort', end);
      this.#closing.delete(end);
      this.counters.requestsActive -= 1;
      recording?.closed('down', { code: null, reason: '' });
      reject(new CallError('backend_closed', 'the upstream closed without an answer'));
    });
    record(recording, body);
    outgoing.end(body);
    return promise;
  }

  /** Gives up on a connection that does not come about. @returns to be called once it did */
  #connectDeadline(outgoing: ClientRequest, isSecure: boolean): () => void {
    const { clock, connectTimeoutMs } = this.#options;
    const timer = clock.timerAt(clock.nowMs() + connectTimeoutMs, () => {
      const message = `the upstream cannot be reached within ${connectTimeoutMs} ms`;
      outgoing.destroy(new CallError('backend_stalled', message));
    });
    const connected = (): void => timer.cancel();
    outgoing.on('socket', (socket) => {
      if (outgoing.reusedSocket) {
        this.counters.connectionsReused += 1;
        connected();
        return;
      }
      this.counters.connectionsOpened += 1;
      socket.once(isSecure ? 'secureConnect' : 'connect', connected);
    });
    return connected;
  }

  async #refusal(request: HttpRequest, answer: HttpAnswer): Promise<CallError> {
    const { clock } = this.#options;
    const timer = clock.timerAt(clock.nowMs() + refusalTimeoutMs, () => answer.discard());
    let body = '';
    try {
      for await (const piece of answer.body) {
        body += Buffer.from(piece).toString('utf8');
        if (body.length > refusalLimitBytes) break;
      }
    } catch (thrown) {
      // Its status says enough; unless it was us.
      if (request.signal.aborted) return thrown as CallError;
    } finally {
      timer.cancel();
    }
    const { status } = answer;
    const retryAfter = answer.header('retry-after');
    const { secret } = request;
    return refusalOf({ status, body, retryAfter, secret, epochMs: clock.epochMs() });
  }
}

function record(recording: WireRecording | null, body: string | null): void {
  if (body !== null) recording?.frame('up', body, false);
}

function unreachable({ code = 'no code' }: { readonly code?: string }): CallError {
  // The address is in the configuration; the message of the operating system repeats it.
  return new CallError('backend_refused', `the upstream cannot be reached (${code})`);
}

function abandoned(signal: AbortSignal): CallError {
  return new CallError('backend_closed', 'the request was given up', { cause: signal.reason });
}
