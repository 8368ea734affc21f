import type { CallScope } from './scope.ts';
import type { Timer } from '../time/clock.ts';

/** How long a call stays away from the backend that it has lost, ms; doubled with each loss, up to … */
const firstAwayMs = 30_000;
const longestAwayMs = 600_000;
/** How often it is looked whether that is trusted again, ms. */
const lookMs = 5000;

export interface HandoverReturnOptions {
  readonly scope: CallScope;
  /** The backend that the agent likes best. */
  readonly preferred: string;
  readonly serving: () => string;
  /** Whether calls that have a choice are sent to the preferred one. */
  readonly trusted: () => boolean;
  /** The call is to go back at the next pause. */
  readonly back: () => void;
}

/**
 * Brings a call back to the backend that its agent prefers, once that has been in order for long
 * enough; never in the middle of anything. Each loss makes it stay away twice as long.
 */
export class HandoverReturn {
  readonly #options: HandoverReturnOptions;
  #awayMs = firstAwayMs / 2;
  #timer: Timer | null = null;

  constructor(options: HandoverReturnOptions) {
    const { scope, preferred } = options;
    this.#options = options;
    scope.log.listen((entry) => {
      if (entry.type !== 'handover.started' || entry.from !== preferred) return;
      // Having been late once is no loss.
      if (entry.cause !== 'hedge') this.#awayMs = Math.min(longestAwayMs, this.#awayMs * 2);
      this.#wait(Math.max(firstAwayMs, this.#awayMs));
    });
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(ms: number): void {
    const { clock } = this.#options.scope;
    this.#timer?.cancel();
    this.#timer = clock.timerAt(clock.nowMs() + ms, () => this.#look());
  }

  #look(): void {
    const { back, preferred, serving, trusted } = this.#options;
    this.#timer = null;
    if (serving() === preferred) return;
    if (trusted()) back();
    this.#wait(lookMs);
  }
}
