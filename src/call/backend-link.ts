import { asCallError, CallError } from '../ports/errors.ts';
import type {
  BackendCommand,
  BackendEvent,
  BackendPort,
  BackendSession,
} from '../ports/backend.ts';
import type { BackendLinkOptions, ReadySession } from './link-options.ts';
import { PacedReplay } from './handover-replay.ts';
import type { HandoverCause, MoveCause } from '../ports/events.ts';
import type { LiveBackendEvent } from './backend-events.ts';

/** Longest a backend may take to open, ms. */
const openTimeoutMs = 10_000;
/** Commands kept while a backend opens (a count): 40 s of 20 ms chunks. */
const waitingLimit = 2000;
/** More losses than this within a minute (a count), and the call is given up: nothing helps it. */
const lossLimit = 12;
const lossWindowMs = 60_000;

interface Loss {
  readonly port: BackendPort;
  readonly error: CallError;
}

/**
 * A call's connection to whichever backend answers it. Commands wait, in order, until it is open. A
 * backend in use that is lost is followed by another, as long as there is one.
 */
export class BackendLink {
  readonly #options: BackendLinkOptions;
  readonly #abort = new AbortController();
  #session: BackendSession | null = null;
  #port: BackendPort | null = null;
  /** The opening that is under way. */
  #attempt: AbortController | null = null;
  /** It is the call's first opening, or that one done again. */
  #fresh = true;
  /** Something besides settings has gone to this session or come from it. */
  #used = false;
  /** Ends the wait for the end of the session that is left. */
  #onLeft: () => void = () => undefined;
  /** The session is to be opened once more. */
  #again = false;
  #waiting: BackendCommand[] = [];
  /** What the session is told first, while that is not over. */
  #replay: PacedReplay | null = null;
  /** Who is tried now that one was lost. */
  #next: readonly BackendPort[] = [];
  /** Clock times of the latest losses, oldest first. */
  #lossesAtMs: number[] = [];
  #closed = false;

  constructor(options: BackendLinkOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#session !== null;
  }

  /** Whether the backend in use is still told what was said before: what it is asked waits behind that. */
  get telling(): boolean {
    return this.#replay !== null;
  }

  /** Whether another backend could take over from the one in use. */
  get replaceable(): boolean {
    return this.#port !== null && this.#options.successors(this.#port).length > 0;
  }

  /** Commands that wait for a backend to open. */
  get waiting(): number {
    return this.#waiting.length;
  }

  start(): void {
    this.#next = this.#options.backends;
    void this.#run();
  }

  send(command: BackendCommand): void {
    if (this.#closed) return;
    if (this.#session === null) {
      this.#wait(command);
      return;
    }
    if (this.#replay !== null) this.#replay.push(command);
    else this.#give(command);
  }

  #give(command: BackendCommand): void {
    const session = this.#session;
    if (session === null) return;
    if (command.type !== 'configure') this.#used = true;
    const adapted = this.#options.adapt(command);
    if (adapted !== null && session.send(adapted) === 'overflow') {
      if (command.type === 'audio') this.#options.onDropped(command.chunk.samples);
      else this.fail(new CallError('queue_overflow', 'the backend does not take commands'));
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
    this.#fresh = true;
    this.#attempt?.abort(new CallError('backend_closed', 'the session is opened once more'));
    this.#leaveSession();
    return true;
  }

  /**
   * The session in use is not to be used any longer. Whoever says so may be in the middle of something:
   * the loss is told when that is finished. Nothing happens while none is open.
   */
  fail(error: CallError): void {
    const session = this.#session;
    if (session === null) return;
    queueMicrotask(() => {
      if (this.#session === session) this.#lost(error);
    });
  }

  /** Idempotent; nothing is reported afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort(new CallError('backend_closed', 'the call is over'));
    this.#leaveSession();
    this.#waiting = [];
  }

  #wait(command: BackendCommand): void {
    this.#waiting.push(command);
    if (this.#waiting.length <= waitingLimit) return;
    const oldestAudio = this.#waiting.findIndex(({ type }) => type === 'audio');
    const [dropped] = this.#waiting.splice(Math.max(0, oldestAudio), 1);
    if (dropped?.type === 'audio') this.#options.onDropped(dropped.chunk.samples);
    else {
      const error = new CallError('queue_overflow', 'too much waits for the backend to open');
      queueMicrotask(() => {
        if (this.#port !== null) this.#giveUp({ port: this.#port, error });
      });
    }
  }

  /** Until the call ends: whoever is to be tried, as often as one that served is lost. */
  async #run(): Promise<void> {
    while (this.#next.length > 0 && !this.#over()) {
      const candidates = this.#next;
      this.#next = [];
      await this.#serveOneOf(candidates);
    }
  }

  async #serveOneOf(candidates: readonly BackendPort[]): Promise<void> {
    for (const [index, port] of candidates.entries()) {
      this.#port = port;
      try {
        await this.#serve(port);
        return;
      } catch (thrown) {
        if (this.#over()) return;
        const last = index === candidates.length - 1;
        this.#options.onFailed(port, asCallError(thrown, 'backend_refused'), last);
        if (last) return;
      }
    }
  }

  /** Until it is lost or the call ends, however often it is opened. Rejects where it does not open. */
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
    const ready = this.#options.adopt?.(port) ?? null;
    if (ready !== null) return this.#takeOver(port, ready);
    const turn = this.#turn(port);
    if (turn !== null) {
      await turn.finally(() => (this.#attempt = null));
      if (this.#unwanted()) return null;
    }
    onOpening(port, null);
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
      this.#tell(port, this.#options.first(port, this.#waiting.splice(0)));
      return session;
    } finally {
      this.#attempt = null;
      timer.cancel();
    }
  }

  /** The session has been open for a while. */
  #takeOver(port: BackendPort, ready: ReadySession): BackendSession {
    const { caughtUp, context, first, onOpening, onReady } = this.#options;
    const { session, missed } = ready;
    this.#fresh = false;
    onOpening(port, ready);
    if (missed === null) {
      const { seed, settings } = context(port);
      session.seed?.(seed?.items ?? []);
      // They may have changed since it was opened, and what it is told first is an answer's.
      session.send({ type: 'configure', settings });
    }
    onReady(port, 0);
    this.#session = session;
    const waiting = this.#waiting.splice(0);
    this.#tell(port, missed === null ? first(port, waiting) : caughtUp([...missed, ...waiting]));
    return session;
  }

  /** Who has lost a backend waits for a turn with the next one, as many others may have lost theirs. */
  #turn(port: BackendPort): Promise<void> | null {
    const { admit } = this.#options;
    const fresh = this.#fresh;
    this.#fresh = false;
    if (fresh || admit === undefined) return null;
    const attempt = new AbortController();
    const turn = admit(port, AbortSignal.any([attempt.signal, this.#abort.signal]));
    if (turn !== null) this.#attempt = attempt;
    return turn;
  }

  /** What a backend that has just opened is told first: at once, where it takes it so. */
  #tell(port: BackendPort, commands: readonly BackendCommand[]): void {
    const { clock, onServing } = this.#options;
    const replay = new PacedReplay(commands, {
      clock,
      paced: !port.capabilities.fasterThanRealTime,
      send: (command) => this.#give(command),
      onDone: () => {
        this.#replay = null;
        onServing(port);
      },
    });
    this.#replay = replay;
    replay.start();
  }

  async #pump(session: BackendSession): Promise<void> {
    const left = Promise.withResolvers<undefined>();
    this.#onLeft = () => left.resolve(undefined);
    try {
      // One that is left may still be heard by somebody else.
      await Promise.race([this.#consume(session), left.promise]);
      if (this.#session !== session) return;
      this.#lost(new CallError('backend_closed', 'the backend ended its session'));
    } catch (thrown) {
      if (this.#session !== session) return;
      this.#lost(asCallError(thrown, 'backend_protocol'));
    }
  }

  async #consume(session: BackendSession): Promise<void> {
    const { events } = session;
    const take = (event: BackendEvent): boolean => this.#take(session, event);
    if (events.consume !== undefined) await events.consume(take);
    else for await (const event of events) if (!take(event)) break;
  }

  /** @returns false when nothing more of this session is wanted */
  #take(session: BackendSession, event: BackendEvent): boolean {
    const { holds, retired } = this.#options;
    if (this.#session !== session) return retired?.(session, event) ?? false;
    this.#used = true;
    if (event.type === 'failed') this.#lost(event.error);
    else if (holds?.(event) !== true) this.#taken(event);
    return this.#session === session;
  }

  #taken(event: LiveBackendEvent): void {
    const loss = this.replaceable ? this.#options.lossIn(event) : null;
    if (loss === null) this.#options.onEvent(event);
    else this.#lost(loss);
  }

  /** What was kept of what the backend in use said is taken after all; nothing of it once it is left. */
  takeBack(events: readonly LiveBackendEvent[]): void {
    const session = this.#session;
    for (const event of events) {
      if (session === null || this.#session !== session) return;
      this.#taken(event);
    }
  }

  /**
   * The session in use is left for another backend, though it is in order. Those that could take over
   * are tried after that one, itself last.
   * @returns false where none is in use, or that one is: then nothing happens
   */
  leave(to: BackendPort, cause: MoveCause): boolean {
    const port = this.#port;
    // A session that comes to its end is followed by another of the same backend.
    const stays = port === to && cause !== 'session_cap';
    if (this.#closed || port === null || stays || this.#session === null) return false;
    const others = this.#options.successors(port).filter((other) => other !== to);
    const error = new CallError('backend_closed', `the call goes over to another (${cause})`);
    this.#goOver(port, error, [to, ...others], cause);
    return true;
  }

  /** The session in use is over by a fault: commands wait from here on. */
  #lost(error: CallError): void {
    const { clock, onFailed, successors } = this.#options;
    const port = this.#port;
    if (this.#closed || port === null) return;
    const nowMs = clock.nowMs();
    this.#lossesAtMs = this.#lossesAtMs.filter((atMs) => nowMs - atMs < lossWindowMs);
    this.#lossesAtMs.push(nowMs);
    const next = this.#lossesAtMs.length > lossLimit ? [] : successors(port);
    if (next.length === 0) {
      this.#giveUp({ port, error });
      return;
    }
    onFailed(port, error, false);
    this.#goOver(port, error, next, error.code);
  }

  #goOver(
    port: BackendPort,
    error: CallError,
    next: readonly BackendPort[],
    cause: HandoverCause,
  ): void {
    this.#leaveSession();
    // It is no longer there to be opened once more.
    this.#used = true;
    this.#next = next;
    this.#options.onHandover(port, error, next[0] ?? port, cause);
  }

  #giveUp({ port, error }: Loss): void {
    if (this.#closed) return;
    this.close();
    this.#options.onFailed(port, error, true);
  }

  #leaveSession(): void {
    this.#replay?.close();
    this.#replay = null;
    const session = this.#session;
    this.#session = null;
    this.#onLeft();
    if (session === null || this.#port === null) return;
    if (this.#options.retire?.(this.#port, session) !== true) session.close();
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
