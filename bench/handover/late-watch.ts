import { systemClock, type Timer } from '../../src/time/clock.ts';

/** How often it is looked, ms. */
const everyMs = 10;
/** What counts as late, ms. */
const lateFromMs = 20;
/** Latenesses that are remembered (a count). */
const limit = 20_000;

/**
 * How late this process was: callers and stand-ins live in it, so that what it missed was missed by
 * nobody else.
 */
export class LateWatch {
  #late: { readonly atMs: number; readonly lateMs: number }[] = [];
  #timer: Timer;

  constructor() {
    this.#timer = this.#wait();
  }

  /** The worst of it since this time of the machine's clock, ms. */
  worstSince(fromMs: number): number {
    const late = this.#late.filter(({ atMs }) => atMs >= fromMs).map(({ lateMs }) => lateMs);
    return Math.round(Math.max(0, ...late));
  }

  close(): void {
    this.#timer.cancel();
  }

  #wait(): Timer {
    const dueMs = systemClock.nowMs() + everyMs;
    return systemClock.timerAt(dueMs, () => {
      const atMs = systemClock.nowMs();
      if (atMs - dueMs >= lateFromMs) this.#late.push({ atMs, lateMs: atMs - dueMs });
      if (this.#late.length > limit) this.#late = this.#late.slice(-limit / 2);
      this.#timer = this.#wait();
    });
  }
}
