import type { Clock, Timer } from '../../../../src/time/clock.ts';

/** Tells once when a deadline passes that is put off over and over, for one timer at a time. */
export class StallTimer {
  readonly #clock: Clock;
  readonly #onStall: () => void;
  #timer: Timer | null = null;
  #deadlineMs = Infinity;

  constructor(clock: Clock, onStall: () => void) {
    this.#clock = clock;
    this.#onStall = onStall;
  }

  /** The deadline is this far from now, whatever it was, ms. */
  within(delayMs: number): void {
    const deadlineMs = this.#clock.nowMs() + delayMs;
    const isSooner = deadlineMs < this.#deadlineMs;
    this.#deadlineMs = deadlineMs;
    // A timer that comes too early looks again.
    if (this.#timer === null || isSooner) this.#lookAt(deadlineMs);
  }

  /** There is no deadline. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#deadlineMs = Infinity;
  }

  #lookAt(atMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.timerAt(atMs, () => {
      this.#timer = null;
      if (this.#clock.nowMs() < this.#deadlineMs) this.#lookAt(this.#deadlineMs);
      else {
        this.cancel();
        this.#onStall();
      }
    });
  }
}
