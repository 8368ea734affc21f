import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { LineStep } from './line-steps.ts';

export interface LinePlayerOptions {
  readonly clock: Clock;
  /** Times real time at which pieces go out; asked before every wait. */
  readonly factor: () => number;
  /** The delay is over; gives what is to be sent. */
  readonly onStart: () => Iterator<LineStep, void>;
  readonly onStep: (step: LineStep) => void;
  readonly onEnd: () => void;
}

/**
 * Sends one line: a delay, then piece after piece by accumulated deadlines, so that late timers
 * do not add up. Nothing happens any more once it was stopped.
 */
export class LinePlayer {
  readonly #options: LinePlayerOptions;
  #steps: Iterator<LineStep, void> | null = null;
  #timer: Timer | null = null;
  #nextAtMs = 0;
  #stopped = false;

  constructor(options: LinePlayerOptions) {
    this.#options = options;
  }

  /** Begins `delayMs` from now. To be called once. */
  start(delayMs: number): void {
    this.#nextAtMs = this.#options.clock.nowMs() + delayMs;
    this.#wait();
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(): void {
    this.#timer = this.#options.clock.timerAt(this.#nextAtMs, () => this.#go());
  }

  #go(): void {
    if (this.#stopped) return;
    this.#steps ??= this.#options.onStart();
    while (!this.#isStopped()) {
      const next = this.#steps.next();
      if (next.done === true) {
        this.stop();
        this.#options.onEnd();
        return;
      }
      this.#options.onStep(next.value);
      if (next.value.kind === 'mark' || next.value.lengthMs === 0) continue;
      if (this.#isStopped()) return;
      this.#nextAtMs += next.value.lengthMs / this.#options.factor();
      this.#wait();
      return;
    }
  }

  /** A method, because the compiler cannot know that a callback may have stopped it. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}
