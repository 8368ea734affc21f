import { asCallError, CallError } from '../ports/errors.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendPort,
  BackendSession,
} from '../ports/backend.ts';
import type { LiveBackendEvent } from './backend-events.ts';
import type { Clock } from '../time/clock.ts';

/** Longest a backend may take to open, ms. */
const openTimeoutMs = 10_000;
/** Commands kept while a backend opens (a count): 40 s of 20 ms chunks. */
const waitingLimit = 2000;

export interface BackendLinkOptions {
  /** Preferred first; the next is tried when one does not open. */
  readonly backends: readonly BackendPort[];
  readonly clock: Clock;
  /** What to open this backend with, asked when its turn comes. */
  readonly context: (port: BackendPort) => BackendContext;
  /** A command in the terms of the backend that gets it, when it is sent; `null` = nothing. */
  readonly adapt: (command: BackendCommand) => BackendCommand | null;
  readonly onOpening: (port: BackendPort) => void;
  readonly onReady: (port: BackendPort, openMs: number) => void;
  readonly onEvent: (event: LiveBackendEvent) => void;
  /** One backend is out. `last`: no other is left, the call has lost its answer. */
  readonly onFailed: (port: BackendPort, error: CallError, last: boolean) => void;
  /** Uplink samples (client rate) that the backend was not open for or did not take. */
  readonly onDropped: (samples: number) => void;
}

/** A call's connection to whichever backend answers it. Commands wait, in order, until it is open. */
export class BackendLink {
  readonly #options: BackendLinkOptions;
  readonly #abort = new AbortController();
  #session: BackendSession | null = null;
  #port: BackendPort | null = null;
  /** The opening that is under way. */
  #attempt: AbortController | null = null;
  /** Something besides settings has gone to this session or come from it. */
  #used = false;
  /** The session is to be opened once more. */
  #again = false;
  #waiting: BackendCommand[] = [];
  #closed = false;

  constructor(options: BackendLinkOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#session !== null;
  }

  /** Commands that wait for a backend to open. */
  get waiting(): number {
    return this.#waiting.length;
  }

  start(): void {
    void this.#openFirst();
  }

  send(command: BackendCommand): void {
    if (this.#closed) return;
    if (this.#session === null) {
      this.#wait(command);
      return;
    }
    if (command.type !== 'configure') this.#used = true;
    const adapted = this.#options.adapt(command);
    if (adapted !== null && this.#session.send(adapted) === 'overflow') {
      if (command.type === 'audio') this.#options.onDropped(command.chunk.samples);
      else this.#failSoon('the backend does not take commands');
    }
  }

  /**
   * Opens the session of the same backend once more, as what it was opened with has changed.
   * Commands wait meanwhile.
   *
   * @returns false where there is none, or one in use that can't be left: then nothing happens
   */
  reopen(): boolean {
    if (this.#closed || this.#port === null || this.#used) return false;
    this.#again = true;
    this.#attempt?.abort(new CallError('backend_closed', 'the session is opened once more'));
    this.#session?.close();
    this.#session = null;
    return true;
  }

  /** Idempotent; nothing is reported afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort(new CallError('backend_closed', 'the call is over'));
    this.#session?.close();
    this.#waiting = [];
  }

  #wait(command: BackendCommand): void {
    this.#waiting.push(command);
    if (this.#waiting.length <= waitingLimit) return;
    const oldestAudio = this.#waiting.findIndex(({ type }) => type === 'audio');
    const [dropped] = this.#waiting.splice(Math.max(0, oldestAudio), 1);
    if (dropped?.type === 'audio') this.#options.onDropped(dropped.chunk.samples);
    else this.#failSoon('too much waits for the backend to open');
  }

  async #openFirst(): Promise<void> {
    const { backends, onFailed } = this.#options;
    for (const [index, port] of backends.entries()) {
      this.#port = port;
      try {
        await this.#serve(port);
        return;
      } catch (thrown) {
        if (this.#over()) return;
        const last = index === backends.length - 1;
        onFailed(port, asCallError(thrown, 'backend_refused'), last);
        if (last) return;
      }
    }
  }

  /** Until the call ends, however often the session is opened. Rejects where it does not open. */
  async #serve(port: BackendPort): Promise<void> {
    do {
      this.#again = false;
      this.#used = false;
      const session = await this.#open(port).catch((thrown: unknown) => {
        if (this.#unwanted()) return null;
        throw thrown;
      });
      if (session !== null) await this.#pump(session);
    } while (this.#wantedAgain());
  }

  /** @returns `null` when the call ended meanwhile, or the session is wanted otherwise */
  async #open(port: BackendPort): Promise<BackendSession | null> {
    const { clock, context, onOpening, onReady } = this.#options;
    onOpening(port);
    const startMs = clock.nowMs();
    const attempt = new AbortController();
    this.#attempt = attempt;
    const signal = AbortSignal.any([attempt.signal, this.#abort.signal]);
    const timer = clock.timerAt(startMs + openTimeoutMs, () =>
      attempt.abort(new CallError('backend_stalled', `not open after ${openTimeoutMs} ms`)),
    );
    try {
      const opening = port.open(context(port), signal);
      const session = await Promise.race([opening, aborted(signal)]).catch((thrown: unknown) => {
        // Whoever opens after all is not wanted any more.
        void opening.then(
          (late) => late.close(),
          () => undefined,
        );
        throw thrown;
      });
      if (this.#unwanted()) {
        session.close();
        return null;
      }
      onReady(port, clock.nowMs() - startMs);
      this.#session = session;
      for (const command of this.#waiting.splice(0)) this.send(command);
      return session;
    } finally {
      this.#attempt = null;
      timer.cancel();
    }
  }

  async #pump({ events }: BackendSession): Promise<void> {
    const take = (event: BackendEvent): boolean => this.#take(event);
    try {
      if (events.consume !== undefined) await events.consume(take);
      else for await (const event of events) if (!take(event)) break;
      if (this.#unwanted()) return;
      this.#fail(new CallError('backend_closed', 'the backend ended its session'));
    } catch (thrown) {
      if (this.#unwanted()) return;
      this.#fail(asCallError(thrown, 'backend_protocol'));
    }
  }

  /** @returns false when nothing more of this session is wanted */
  #take(event: BackendEvent): boolean {
    if (this.#unwanted()) return false;
    this.#used = true;
    if (event.type === 'failed') this.#fail(event.error);
    else this.#options.onEvent(event);
    return !this.#unwanted();
  }

  /** Whoever sends is in the middle of something: the loss is told when that is finished. */
  #failSoon(why: string): void {
    queueMicrotask(() => this.#fail(new CallError('queue_overflow', why)));
  }

  #fail(error: CallError): void {
    if (this.#closed || this.#port === null) return;
    this.close();
    this.#options.onFailed(this.#port, error, true);
  }

  /** A method, because awaits change what the compiler believes it knows. */
  #over(): boolean {
    return this.#closed;
  }

  #wantedAgain(): boolean {
    return this.#again && !this.#closed;
  }

  #unwanted(): boolean {
    return this.#closed || this.#again;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = (): void => reject(asCallError(signal.reason, 'backend_refused'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
