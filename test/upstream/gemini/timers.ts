import type { Clock, Timer } from '../../../src/time/clock.ts';

/** Timers of one connection, so that none outlives it. */
export class Timers {
  readonly clock: Clock;
  readonly #running = new Set<Timer>();
  #over = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  at(atMs: number, callback: () => void): Timer {
    if (this.#over) return { cancel: () => undefined };
    const timer = this.clock.timerAt(atMs, () => {
      this.#running.delete(timer);
      callback();
    });
    this.#running.add(timer);
    return {
      cancel: () => {
        timer.cancel();
        this.#running.delete(timer);
      },
    };
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.at(this.clock.nowMs() + delayMs, callback);
  }

  /** Nothing fires any more, and nothing new is taken. */
  close(): void {
    this.#over = true;
    for (const timer of this.#running) timer.cancel();
    this.#running.clear();
  }
}
