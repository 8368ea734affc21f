import { asCallError } from '../../../src/ports/errors.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { Connection } from '../../shared/connection.ts';
import {
  firstOpening,
  rolloverStep,
  type RolloverInput,
  type RolloverOptions,
  type RolloverState,
} from '../../shared/rollover.ts';
import type { Counters } from './counters.ts';
import type { WireSession } from './session-settings.ts';

/** A connection whose settings are in force. */
export interface Fresh {
  readonly connection: Connection;
  /** What the upstream was told. */
  readonly told: WireSession;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  /** Longest life of a connection, ms; `null`: it has no end. */
  readonly capMs: number | null;
  /** From [0, 1), for the time between attempts. */
  readonly chance: () => number;
  /** Opens another connection; `take` is called at once when it is ready. Rejects with `CallError`. */
  readonly open: (signal: AbortSignal, take: (fresh: Fresh) => void) => Promise<void>;
  /** Whether changing now would cut nothing. */
  readonly isQuiet: () => boolean;
  /** Goes on with this connection from now on. */
  readonly change: (fresh: Fresh, forced: boolean) => void;
}

/** So long before its end a connection's successor is opened, ms; a fifth of a shorter life. */
const longestLeadMs = 60_000;
/** A change is made so long before the end at the latest, ms; a twentieth of a shorter life. */
const longestMarginMs = 10_000;
/** A quiet moment is looked for this often while a successor is ready, ms. */
const lookAgainMs = 100;

/**
 * Moves a session to the next connection before the upstream ends this one. The next is opened
 * first and stands by until nobody speaks: here a new session knows nothing, and is told everything
 * in the moment of the change.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #rollover: RolloverOptions;
  readonly #closing = new AbortController();
  #state: RolloverState = firstOpening;
  #timer: Timer | null = null;
  #lookTimer: Timer | null = null;
  #standby: Fresh | null = null;
  /** When the connection in use has to be left. */
  #latestAtMs = Infinity;
  /** The same for the one that stands by. */
  #nextLatestAtMs = Infinity;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { capMs } = options;
    this.#rollover = {
      capMs,
      leadMs: Math.min(longestLeadMs, (capMs ?? 0) / 5),
      marginMs: this.#marginMs,
      attempts: 3,
      againAfterMs: { first: 250, most: 2000 },
    };
    this.#latestAtMs = this.#endMs();
    this.#tell({ type: 'connected' });
    // The next one may be opened at any time: it is the change that waits for a quiet moment.
    this.#tell({ type: 'quiet', quiet: true });
  }

  /** The connection in use is gone. @returns whether another one took its place */
  replace(): boolean {
    if (this.#standby === null) return false;
    this.#change(true);
    return true;
  }

  /** Idempotent. */
  close(): void {
    this.#closing.abort(asCallError(new Error('the session was closed'), 'backend_closed'));
    this.#timer?.cancel();
    this.#lookTimer?.cancel();
    this.#standby?.connection.close();
    this.#standby = null;
  }

  get #marginMs(): number {
    return Math.min(longestMarginMs, (this.#options.capMs ?? 0) / 20);
  }

  #endMs(): number {
    const { capMs, clock } = this.#options;
    return capMs === null ? Infinity : clock.nowMs() + capMs - this.#marginMs;
  }

  #tell(input: RolloverInput): void {
    if (this.#closing.signal.aborted) return;
    const { clock, log } = this.#options;
    const step = rolloverStep(this.#state, input, clock.nowMs(), this.#rollover);
    this.#state = step.state;
    this.#timer?.cancel();
    const { wakeAtMs } = step;
    this.#timer =
      wakeAtMs === null ? null : clock.timerAt(wakeAtMs, () => this.#tell({ type: 'tick' }));
    for (const effect of step.effects) {
      if (effect === 'open') void this.#open();
      // The connection in use goes on until the upstream ends it.
      else log.warn('upstream.not_exchanged');
    }
  }

  async #open(): Promise<void> {
    const { log, chance } = this.#options;
    try {
      await this.#options.open(this.#closing.signal, (fresh) => this.#ready(fresh));
    } catch (thrown) {
      const { code } = asCallError(thrown, 'backend_refused');
      log.info('upstream.exchange_failed', { code });
      this.#tell({ type: 'refused', retryable: true, chance: chance() });
    }
  }

  #ready(fresh: Fresh): void {
    if (this.#closing.signal.aborted) {
      fresh.connection.close();
      return;
    }
    this.#standby = fresh;
    this.#nextLatestAtMs = this.#endMs();
    fresh.connection.handlers = {
      message: () => undefined,
      lost: () => {
        this.#standby = null;
        this.#tell({ type: 'lost', retryable: true, chance: this.#options.chance() });
      },
    };
    this.#tell({ type: 'connected' });
    this.#tell({ type: 'quiet', quiet: true });
    this.#look();
  }

  #look(): void {
    this.#lookTimer?.cancel();
    if (this.#standby === null) return;
    const { clock, isQuiet } = this.#options;
    const late = clock.nowMs() >= this.#latestAtMs;
    if (late || isQuiet()) this.#change(!isQuiet());
    else this.#lookTimer = clock.timerAt(clock.nowMs() + lookAgainMs, () => this.#look());
  }

  #change(forced: boolean): void {
    const { change, counters, log } = this.#options;
    const fresh = this.#standby;
    if (fresh === null) return;
    this.#lookTimer?.cancel();
    this.#standby = null;
    this.#latestAtMs = this.#nextLatestAtMs;
    counters.rollovers += 1;
    if (forced) counters.rolloversForced += 1;
    log.info('upstream.exchanged', { forced });
    change(fresh, forced);
  }
}
