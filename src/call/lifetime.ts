import { CallError } from '../ports/errors.ts';
import type { CallLimits } from './options.ts';
import type { CallScope } from './scope.ts';
import type { Timer } from '../time/clock.ts';

/** The shorter of two caps, ms; `null` = no cap. */
export function shorterCapMs(one: number | null, other: number | null): number | null {
  const shorter = Math.min(one ?? Infinity, other ?? Infinity);
  return shorter === Infinity ? null : shorter;
}

/**
 * How long a call may go on: up to its cap, and as long as its client says something. Owns two
 * timers; a message moves none of them, the idle one looks again when it comes.
 */
export class Lifetime {
  readonly #scope: CallScope;
  readonly #onOver: (error: CallError) => void;
  readonly #cap: Timer | null;
  #idle: Timer | null = null;
  #heardAtMs = 0;

  /** @param onOver called once at most, with `session_expired` */
  constructor(
    scope: CallScope,
    limits: CallLimits | undefined,
    onOver: (error: CallError) => void,
  ) {
    this.#scope = scope;
    this.#onOver = onOver;
    const { sessionCapMs = null, idleTimeoutMs = null } = limits ?? {};
    const message = `A call may last ${String(sessionCapMs)} ms.`;
    this.#cap =
      sessionCapMs === null
        ? null
        : scope.clock.timerAt(scope.originMs + sessionCapMs, () => this.#over(message));
    if (idleTimeoutMs !== null) this.#watch(idleTimeoutMs);
  }

  /** The client said something. @param nowMs call time */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  /** Idempotent. */
  close(): void {
    this.#cap?.cancel();
    this.#idle?.cancel();
  }

  #watch(idleTimeoutMs: number): void {
    const { clock, originMs, nowMs } = this.#scope;
    const dueMs = this.#heardAtMs + idleTimeoutMs;
    this.#idle = clock.timerAt(originMs + dueMs, () => {
      // The timer has come: rounding must not put "now" just before it.
      if (this.#heardAtMs + idleTimeoutMs > Math.max(nowMs(), dueMs)) this.#watch(idleTimeoutMs);
      else this.#over(`Nothing came from the client for ${idleTimeoutMs} ms.`);
    });
  }

  #over(message: string): void {
    this.close();
    this.#onOver(new CallError('session_expired', message));
  }
}
