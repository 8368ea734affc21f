import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { PartHealth } from './part-health.ts';

/** First wait after a loss, and the longest one, ms. */
const firstWaitMs = 200;
const longestWaitMs = 5000;
/** A session that lasted this long, ms, worked: losing it is the first failure. */
const steadyAfterMs = 60_000;

export interface ReopeningOptions<T> {
  readonly clock: Clock;
  /** 0 ≤ n < 1. */
  readonly chance: () => number;
  readonly health: PartHealth;
  readonly open: (signal: AbortSignal) => Promise<T>;
  /** It is there again; whoever takes it closes it. */
  readonly onOpen: (session: T) => void;
}

/** Waits before the n-th try, ms: doubled each time, and spread so that calls do not come at once. */
export function waitBeforeMs(failures: number, chance: number): number {
  const wholeMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.max(0, failures - 1));
  return wholeMs * (0.5 + chance / 2);
}

/** Has a part's lost session again: after a wait, again after another, until its health is gone. */
export class Reopening<T extends { close(): void }> {
  readonly #options: ReopeningOptions<T>;
  readonly #abort = new AbortController();
  #timer: Timer | null = null;
  /** When the session there is was had. */
  #openedAtMs: number;
  #running = false;

  constructor(options: ReopeningOptions<T>) {
    this.#options = options;
    this.#openedAtMs = options.clock.nowMs();
  }

  /** The session was lost. */
  lost(error: CallError): void {
    const { clock, health } = this.#options;
    if (this.#running) return;
    if (clock.nowMs() - this.#openedAtMs >= steadyAfterMs) health.worked();
    this.#failed(error);
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#abort.abort(new CallError('backend_closed', 'the session is over'));
  }

  #failed(error: CallError): void {
    const { clock, chance, health } = this.#options;
    if (this.#abort.signal.aborted) return;
    if (!health.failed(error)) return;
    this.#running = true;
    const waitMs = waitBeforeMs(health.failures, chance());
    this.#timer = clock.timerAt(clock.nowMs() + waitMs, () => void this.#try());
  }

  async #try(): Promise<void> {
    const { open, onOpen } = this.#options;
    const { signal } = this.#abort;
    try {
      const session = await open(signal);
      this.#running = false;
      this.#openedAtMs = this.#options.clock.nowMs();
      if (signal.aborted) session.close();
      else onOpen(session);
    } catch (thrown) {
      this.#running = false;
      if (!signal.aborted) this.#failed(asCallError(thrown, 'backend_refused'));
    }
  }
}
