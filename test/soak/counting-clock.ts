import { systemClock, type Clock, type Timer } from '../../src/time/clock.ts';

/** The process's clock, which also says how many of its timers are pending. */
export class CountingClock implements Clock {
  #pending = 0;

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#pending;
  }

  nowMs(): number {
    return systemClock.nowMs();
  }

  epochMs(): number {
    return systemClock.epochMs();
  }

  timerAt(atMs: number, callback: () => void): Timer {
    let pending = true;
    const over = (): void => {
      if (pending) this.#pending -= 1;
      pending = false;
    };
    this.#pending += 1;
    const timer = systemClock.timerAt(atMs, () => {
      over();
      callback();
    });
    return {
      cancel: () => {
        over();
        timer.cancel();
      },
    };
  }
}
