import { asCallError, CallError } from '../../../src/ports/errors.ts';
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
import type { UpstreamEvent } from './decode.ts';
import { Upstream, type UpstreamOptions } from './upstream.ts';

/** So long before its end a session's successor is looked for, ms; a fifth of a shorter life. */
const longestLeadMs = 60_000;
/** The change is made so long before the end at the latest, ms; a twentieth of a shorter life. */
const longestMarginMs = 10_000;

/** Refusals that another attempt does not change. */
const hopeless =
  /invalid_api_key|insufficient_quota|account_deactivated|billing|credit_balance|model_not_found|unknown_parameter|HTTP 40[0134]/u;

export interface SuccessionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly upstream: UpstreamOptions;
  /** Longest life of a session besides what the upstream says, ms; `null`: no other limit. */
  readonly limitMs: number | null;
  /** From [0, 1), for the time between attempts. */
  readonly chance: () => number;
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  /** Tells a connection what session is wanted, now. @returns false where none is wanted yet */
  readonly start: (upstream: Upstream) => boolean;
  /** What the session in use says. */
  readonly onEvent: (event: UpstreamEvent) => void;
  /** Another session is in use from now on. `lost`: there was none meanwhile. */
  readonly onChanged: (how: { readonly first: boolean; readonly lost: boolean }) => void;
  /** The one in use is gone, and another is looked for. */
  readonly onLost: (error: CallError) => void;
  /** There is none, and none to be had. */
  readonly onOver: (error: CallError) => void;
}

/** The sessions of one call with the upstream, one after the other. */
export class Succession {
  readonly #options: SuccessionOptions;
  readonly #closing = new AbortController();
  #state: RolloverState = firstOpening;
  #timer: Timer | null = null;
  #current: Upstream | null = null;
  #next: Upstream | null = null;
  #endsAtMs = Infinity;
  #started = false;
  #quiet = true;
  #error = new CallError('backend_closed', 'the upstream session is over');

  constructor(options: SuccessionOptions, first: Connection) {
    this.#options = options;
    this.#current = this.#upstream(first);
  }

  /** The session in use, once it runs. */
  get running(): Upstream | null {
    return this.#current?.running === true ? this.#current : null;
  }

  /** A session is wanted now. */
  begin(): void {
    if (this.#current !== null) this.#options.start(this.#current);
  }

  /** Whether changing now would cut nothing. */
  set quiet(quiet: boolean) {
    if (quiet === this.#quiet) return;
    this.#quiet = quiet;
    this.#tell({ type: 'quiet', quiet });
  }

  /** Another session is wanted, for settings that this one cannot take. */
  renew(): void {
    this.#tell({ type: 'wanted' });
  }

  /** Something came of this session. */
  progress(): void {
    this.#tell({ type: 'progress' });
  }

  /** The session in use is not to be used any longer. */
  fail(error: CallError): void {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    current.close();
    this.#gone(error, true);
  }

  /** Idempotent. */
  close(): void {
    this.#closing.abort(new CallError('backend_closed', 'the session was closed'));
    this.#timer?.cancel();
    this.#current?.close();
    this.#next?.close();
    this.#current = null;
    this.#next = null;
  }

  #upstream(connection: Connection): Upstream {
    const upstream: Upstream = new Upstream(connection, this.#options.upstream, {
      event: (event) => this.#take(upstream, event),
      lost: (error) => this.#lost(upstream, error),
    });
    return upstream;
  }

  #take(upstream: Upstream, event: UpstreamEvent): void {
    if (event.type === 'started') this.#ready(upstream, event.expiresAtMs);
    else if (upstream === this.#current) this.#options.onEvent(event);
  }

  #ready(upstream: Upstream, expiresAtMs: number | null): void {
    const { clock, limitMs, onChanged } = this.#options;
    const leftMs = expiresAtMs === null ? Infinity : expiresAtMs - clock.epochMs();
    const lifeMs = Math.min(leftMs, limitMs ?? Infinity);
    this.#endsAtMs = clock.nowMs() + Math.max(1000, lifeMs);
    const old = this.#current;
    const lost = old === null;
    if (upstream === this.#next) {
      this.#next = null;
      this.#current = upstream;
      old?.close();
    }
    this.#tell({ type: 'connected' });
    this.#tell({ type: 'quiet', quiet: this.#quiet });
    const first = !this.#started;
    this.#started = true;
    onChanged({ first, lost });
  }

  #lost(upstream: Upstream, error: CallError): void {
    if (upstream === this.#next) {
      this.#next = null;
      this.#error = error;
      this.#tell({ type: 'refused', ...this.#again(error) });
    } else if (upstream === this.#current) {
      this.#current = null;
      this.#gone(error, false);
    }
  }

  #gone(error: CallError, ours: boolean): void {
    this.#error = error;
    this.#options.log.info('upstream.lost', { code: error.code, ours });
    // One that never started had not been `connected`.
    if (!this.#started) {
      this.#tell({ type: 'refused', ...this.#again(error) });
      return;
    }
    this.#options.onLost(error);
    // Its successor is on its way already, or will never be.
    if (this.#next !== null || this.#state.kind === 'opening') return;
    if (this.#state.kind === 'over') this.#over();
    else this.#tell({ type: 'lost', ...this.#again(error) });
  }

  #again(error: CallError): { readonly retryable: boolean; readonly chance: number } {
    return { retryable: !hopeless.test(error.message), chance: this.#options.chance() };
  }

  #tell(input: RolloverInput): void {
    if (this.#closing.signal.aborted) return;
    const { clock } = this.#options;
    const step = rolloverStep(this.#state, input, clock.nowMs(), this.#rollover());
    this.#state = step.state;
    this.#timer?.cancel();
    const { wakeAtMs } = step;
    this.#timer =
      wakeAtMs === null ? null : clock.timerAt(wakeAtMs, () => this.#tell({ type: 'tick' }));
    for (const effect of step.effects) {
      if (effect === 'open') void this.#open();
      else if (this.#current === null) this.#over();
      // The one in use goes on until the upstream ends it.
      else this.#options.log.warn('upstream.not_exchanged');
    }
  }

  #rollover(): RolloverOptions {
    const lifeMs = this.#endsAtMs - this.#options.clock.nowMs();
    const capMs = Number.isFinite(lifeMs) ? Math.max(0, lifeMs) : null;
    return {
      capMs,
      leadMs: Math.min(longestLeadMs, (capMs ?? 0) / 5),
      marginMs: Math.min(longestMarginMs, (capMs ?? 0) / 20),
      attempts: 3,
      againAfterMs: { first: 250, most: 2000 },
    };
  }

  async #open(): Promise<void> {
    const { connect, start } = this.#options;
    const { signal } = this.#closing;
    try {
      const connection = await connect(signal);
      if (this.#closing.signal.aborted) {
        connection.close();
        return;
      }
      const upstream = this.#upstream(connection);
      if (!this.#started) this.#current = upstream;
      else this.#next = upstream;
      start(upstream);
    } catch (thrown) {
      const error = asCallError(thrown, 'backend_refused');
      this.#error = error;
      this.#tell({ type: 'refused', ...this.#again(error) });
    }
  }

  #over(): void {
    this.#options.onOver(this.#error);
  }
}
