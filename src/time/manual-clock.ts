import type { Clock, Timer } from './clock.ts';

/**
 * A clock that moves only when told to. Timers fire in order of their time, then of their
 * creation, with `nowMs()` equal to the time they asked for.
 */
export class ManualClock implements Clock {
  #nowMs: number;
  #nextId = 0;
  readonly #timers = new Map<number, { atMs: number; callback: () => void }>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  epochMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowMs);
  }

  timerAt(atMs: number, callback: () => void): Timer {
    const id = this.#nextId++;
    this.#timers.set(id, { atMs, callback });
    return { cancel: () => void this.#timers.delete(id) };
  }

  /** Number of timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves time forward, firing what falls due on the way, including timers made by timers.
   *
   * @throws RangeError when `byMs` is negative or not a number: time never goes back
   */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`byMs must not be negative, got ${byMs}`);
    const targetMs = this.#nowMs + byMs;
    for (;;) {
      const due = this.#earliest(targetMs);
      if (due === undefined) break;
      this.#timers.delete(due.id);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
    }
    // A callback may have advanced further by itself.
    this.#nowMs = Math.max(this.#nowMs, targetMs);
  }

  #earliest(untilMs: number): { id: number; atMs: number; callback: () => void } | undefined {
    let best: { id: number; atMs: number; callback: () => void } | undefined;
    for (const [id, timer] of this.#timers) {
      if (timer.atMs <= untilMs && (best === undefined || timer.atMs < best.atMs)) {
        best = { id, ...timer };
      }
    }
    return best;
  }
}
