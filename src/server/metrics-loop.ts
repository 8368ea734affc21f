import { Histogram, type Registry } from 'prom-client';
import type { Clock, Timer } from '../time/clock.ts';

const sampleMs = 20;

/** Samples how late the main thread is: what every frame waits for before it is even read. */
export class LoopDelay {
  readonly #clock: Clock;
  readonly #delay: Histogram;
  #timer: Timer | null = null;

  constructor(registry: Registry, clock: Clock) {
    this.#clock = clock;
    this.#delay = new Histogram({
      name: 'parley_event_loop_delay_seconds',
      help: 'How late a timer of the main thread fires, sampled every 20 ms.',
      buckets: [0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1],
      registers: [registry],
    });
    this.#sample();
  }

  /** Stops sampling. Idempotent. */
  close(): void {
    this.#timer?.cancel();
  }

  #sample(): void {
    const dueMs = this.#clock.nowMs() + sampleMs;
    this.#timer = this.#clock.timerAt(dueMs, () => {
      this.#delay.observe(Math.max(0, this.#clock.nowMs() - dueMs) / 1000);
      this.#sample();
    });
  }
}
