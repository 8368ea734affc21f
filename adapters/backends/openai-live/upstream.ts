import type { ClientEvent } from '../../../protocol/openai-live/client-events.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import { Connection, type Loss } from '../../shared/connection.ts';
import type { WireRecorder } from '../../shared/wire-record.ts';
import { decode, type UpstreamEvent } from './decode.ts';

export interface UpstreamOptions {
  readonly url: string;
  readonly secret: string | null;
  readonly recorder: WireRecorder | null;
  readonly clock: Clock;
  /** Longest time to an open socket, and from `session.start` to `session.started`, ms. */
  readonly timeoutMs: number;
}

export interface UpstreamHandlers {
  event(event: UpstreamEvent): void;
  /** It is gone, by its own or ours. Told once, unless we closed it. */
  lost(error: CallError): void;
}

/**
 * Connects. What is said on the connection is only heard once it is made an `Upstream`; the server
 * says nothing before it is told what session is wanted.
 *
 * @throws CallError with the upstream's reason; nothing is left open then
 */
export function connect(
  { url, secret, recorder, clock, timeoutMs }: UpstreamOptions,
  signal: AbortSignal,
): Promise<Connection> {
  const opened = Promise.withResolvers<Connection>();
  const settle = (): void => {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  };
  const refuse = (error: CallError): void => {
    settle();
    connection.close();
    opened.reject(error);
  };
  const connection = new Connection({
    url,
    headers: secret === null ? {} : { authorization: `Bearer ${secret}` },
    secret,
    recorder,
    clock,
    handlers: {
      open: () => {
        settle();
        opened.resolve(connection);
      },
      message: () => undefined,
      lost: ({ error }: Loss) => refuse(error),
    },
  });
  const timer = clock.timerAt(clock.nowMs() + timeoutMs, () =>
    refuse(new CallError('backend_stalled', `the upstream was not there within ${timeoutMs} ms`)),
  );
  const onAbort = (): void => refuse(asCallError(signal.reason, 'backend_refused'));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return opened.promise;
}

/** One session of the upstream's: a connection, what it was started with, and its end. */
export class Upstream {
  readonly #connection: Connection;
  readonly #options: UpstreamOptions;
  readonly #handlers: UpstreamHandlers;
  #timer: Timer | null = null;
  #stage: 'open' | 'starting' | 'running' | 'over' = 'open';

  constructor(connection: Connection, options: UpstreamOptions, handlers: UpstreamHandlers) {
    this.#connection = connection;
    this.#options = options;
    this.#handlers = handlers;
    connection.handlers = {
      message: (message) => this.#take(message),
      lost: ({ error }) => this.#lose(error),
    };
    if (!connection.isOpen) {
      queueMicrotask(() => this.#lose(new CallError('backend_closed', 'the upstream closed')));
    }
  }

  get running(): boolean {
    return this.#stage === 'running';
  }

  /** Says what session is wanted: once. */
  start(event: ClientEvent & { readonly type: 'session.start' }): void {
    if (this.#stage !== 'open') return;
    this.#stage = 'starting';
    const { clock, timeoutMs } = this.#options;
    this.#timer = clock.timerAt(clock.nowMs() + timeoutMs, () => {
      const message = `the upstream gave no session within ${timeoutMs} ms`;
      this.#lose(new CallError('backend_stalled', message));
    });
    this.send(event);
  }

  /** @returns whether it was taken */
  sendAudio(message: Buffer): boolean {
    return this.running && this.#connection.send(message, 'audio');
  }

  send(event: ClientEvent): void {
    if (this.#stage === 'over') return;
    if (this.#connection.send(JSON.stringify(event), 'control')) return;
    this.#lose(new CallError('backend_stalled', 'the upstream does not read what it is sent'));
  }

  /** Says goodbye; nothing is told afterwards. */
  close(): void {
    if (this.running) this.#connection.send('{"type":"session.close"}', 'control');
    this.#end();
  }

  #take(message: Buffer): void {
    if (this.#stage === 'over') return;
    try {
      const event = decode(message, this.#options.secret);
      if (event.type === 'started') {
        this.#timer?.cancel();
        this.#stage = 'running';
      } else if (event.type === 'error' && this.#stage !== 'running') {
        // What goes wrong before a session starts means that it never does.
        const { code, message: said } = event.error;
        throw new CallError('backend_refused', `the upstream said ${code}: ${said}`);
      }
      this.#handlers.event(event);
    } catch (thrown) {
      this.#lose(asCallError(thrown, 'backend_protocol'));
    }
  }

  #lose(error: CallError): void {
    if (this.#stage === 'over') return;
    this.#end();
    this.#handlers.lost(error);
  }

  #end(): void {
    this.#stage = 'over';
    this.#timer?.cancel();
    this.#connection.close();
  }
}
