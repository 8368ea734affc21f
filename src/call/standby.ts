import { asCallError, CallError } from '../ports/errors.ts';
import { sameFormat } from '../audio/format.ts';
import { StandbySession } from './standby-session.ts';
import type { BackendContext, BackendPort } from '../ports/backend.ts';
import type { BackendHealth } from '../ports/health.ts';
import type { CallScope } from './scope.ts';
import type { StandbyCause, StandbyOutcome } from '../ports/events.ts';
import type { StandbyMode } from '../ports/agent.ts';
import type { Timer } from '../time/clock.ts';

/** Longest a session may take to open that nobody waits for, ms. */
const openTimeoutMs = 10_000;
/** How long it stands by after the last sign of risk, ms. */
const idleMs = 60_000;
/** After one that was refused or lost, the next is opened no sooner than this, ms. */
const againMs = 30_000;

export interface StandbyOptions {
  readonly scope: CallScope;
  readonly mode: StandbyMode;
  /** Whom the call would go over to now; `null`: nobody. */
  readonly next: () => BackendPort | null;
  /** What that one is opened with; `null`: it cannot be opened ahead. */
  readonly context: (port: BackendPort) => BackendContext | null;
  readonly health: (backend: string) => BackendHealth | null;
}

/** A session that has been opened and belongs to whoever asked for it now. */
export interface OpenedAhead {
  readonly session: StandbySession;
  readonly context: BackendContext;
}

interface Held {
  readonly port: BackendPort;
  readonly context: BackendContext;
  readonly cause: StandbyCause;
  readonly sinceMs: number;
  /** Gives its place at the backend back. */
  readonly release: () => void;
  readonly abort: AbortController;
  /** `null` while it opens. */
  session: StandbySession | null;
}

/**
 * The session that a call would go on with if it lost its backend now: opened when that becomes more
 * likely (or always), told nothing of the conversation before it is needed, and never older than its
 * call. At most one at a time.
 */
export class Standby {
  readonly #options: StandbyOptions;
  #held: Held | null = null;
  /** Call time before which none is opened, ms. */
  #notBeforeMs = 0;
  #riskAtMs = -Infinity;
  /** Who takes it over as soon as it is open. */
  #waiting: {
    readonly port: BackendPort;
    readonly then: (opened: OpenedAhead | null) => void;
  } | null = null;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: StandbyOptions) {
    this.#options = options;
    if (options.mode === 'always') {
      options.scope.log.listen((entry) => {
        // Whoever is behind the one that serves now stands by from now on.
        if (entry.type === 'backend.ready') queueMicrotask(() => this.#always());
      });
    }
  }

  /** The backend that stands by, open or opening. */
  get backend(): string | null {
    return this.#held?.port.name ?? null;
  }

  /** The call may lose its backend soon. */
  risk(cause: StandbyCause): void {
    const { mode, scope } = this.#options;
    if (this.#closed || (mode === 'never' && cause !== 'hedge')) return;
    this.#riskAtMs = scope.nowMs();
    this.#open(cause);
    this.#watchIdle();
  }

  /**
   * Hands over the session that stands by, if it is one of this backend, is open, and fits what the call
   * has become meanwhile. Whatever stands by otherwise goes on standing by.
   */
  take(port: BackendPort): OpenedAhead | null {
    const held = this.#held;
    const session = held?.session ?? null;
    if (held?.port !== port || session?.alive !== true) return null;
    const wanted = this.#options.context(port);
    if (wanted === null || !sameTerms(held.context, wanted)) {
      this.#end('stale');
      return null;
    }
    this.#held = null;
    this.#timer?.cancel();
    held.release();
    this.#options.health(port.name)?.warm.adopted();
    this.#log(held, 'adopted');
    return { session, context: held.context };
  }

  /**
   * As {@link take}, as soon as there is one: `then` gets `null` where there will be none.
   * @returns takes the wish back
   */
  wait(
    port: BackendPort,
    cause: StandbyCause,
    then: (opened: OpenedAhead | null) => void,
  ): () => void {
    this.risk(cause);
    const held = this.#held;
    if (held?.port !== port || held.session !== null) {
      then(this.take(port));
      return () => undefined;
    }
    const waiting = { port, then };
    this.#waiting = waiting;
    return () => {
      if (this.#waiting === waiting) this.#waiting = null;
    };
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#end('over');
    this.#closed = true;
    this.#timer?.cancel();
  }

  #always(): void {
    if (!this.#closed) this.#open('always');
  }

  #open(cause: StandbyCause): void {
    const { context, health, next, scope } = this.#options;
    const port = next();
    if (this.#held !== null) {
      if (port === null || port === this.#held.port) return;
      // Somebody else would be next now.
      this.#end('stale');
    }
    if (port?.capabilities.standby !== true || scope.nowMs() < this.#notBeforeMs) return;
    const opened = context(port);
    if (opened === null) return;
    const of = health(port.name);
    const release = of === null ? () => undefined : of.warm.hold();
    if (release === null) return;
    if (of?.openings.tryTake() === false) {
      release();
      return;
    }
    const abort = new AbortController();
    const sinceMs = scope.nowMs();
    const held: Held = { port, context: opened, cause, sinceMs, release, abort, session: null };
    this.#held = held;
    void this.#run(held);
  }

  async #run(held: Held): Promise<void> {
    const { scope } = this.#options;
    const { clock } = scope;
    const { abort, context, port } = held;
    const timer = clock.timerAt(clock.nowMs() + openTimeoutMs, () => {
      if (this.#held === held) this.#lost('refused');
    });
    try {
      const opened = await port.open(context, abort.signal);
      // Who can be told something has to be told it before it answers.
      if (opened.seed === undefined && port.capabilities.seedHistory !== 'none') {
        opened.close();
        throw new CallError('backend_protocol', 'its session cannot be told what was said');
      }
      // A method, because the wait changes what the compiler believes it knows.
      if (!this.#isHeld(held)) {
        opened.close();
        return;
      }
      held.session = new StandbySession(opened, {
        onEvent: () => undefined,
        onLost: () => {
          if (this.#isHeld(held)) this.#lost('lost');
        },
      });
      const { cause, sinceMs } = held;
      const openMs = scope.nowMs() - sinceMs;
      scope.log.append({ type: 'standby.opened', backend: port.name, cause, openMs });
      this.#served();
    } catch (thrown) {
      const { code, message } = asCallError(thrown, 'backend_refused');
      scope.logger.info('standby.refused', { backend: port.name, code, message });
      if (this.#isHeld(held)) this.#lost('refused');
    } finally {
      timer.cancel();
    }
  }

  #isHeld(held: Held): boolean {
    return this.#held === held && !this.#closed;
  }

  #lost(outcome: 'refused' | 'lost'): void {
    const { mode, scope } = this.#options;
    this.#notBeforeMs = scope.nowMs() + againMs;
    this.#end(outcome);
    if (mode !== 'always') return;
    this.#timer?.cancel();
    this.#timer = scope.clock.timerAt(scope.clock.nowMs() + againMs, () => this.#always());
  }

  #end(outcome: StandbyOutcome): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#timer?.cancel();
    held.release();
    held.session?.close();
    held.abort.abort(new CallError('backend_closed', 'nobody needs the session any more'));
    this.#log(held, outcome);
    this.#served();
  }

  /** Whoever waits gets what there is now. */
  #served(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.then(this.take(waiting.port));
  }

  #log({ port, sinceMs }: Held, outcome: StandbyOutcome): void {
    const { log, nowMs } = this.#options.scope;
    log.append({
      type: 'standby.closed',
      backend: port.name,
      outcome,
      ageMs: nowMs() - sinceMs,
    });
  }

  /** It is let go when nothing has spoken for it in a while. */
  #watchIdle(): void {
    const { mode, scope } = this.#options;
    if (mode === 'always' || this.#held === null) return;
    this.#timer?.cancel();
    this.#timer = scope.clock.timerAt(scope.originMs + this.#riskAtMs + idleMs, () =>
      this.#end('idle'),
    );
  }
}

/** What cannot be told to a session that is open. */
function sameTerms(had: BackendContext, wanted: BackendContext): boolean {
  return (
    had.authority === wanted.authority &&
    sameFormat(had.inputFormat, wanted.inputFormat) &&
    sameFormat(had.outputFormat, wanted.outputFormat)
  );
}
