import type { Clock, Timer } from '../../../src/time/clock.ts';

/** Settings and items have settled when none came for so long, ms. */
const settleMs = 100;

/** When the first session is started: most of what it is started with cannot change later. */
export class Beginning {
  readonly #clock: Clock;
  readonly #begin: () => void;
  #begun = false;
  #settling: Timer | null = null;

  /** @param begin called once */
  constructor(clock: Clock, begin: () => void) {
    this.#clock = clock;
    this.#begin = begin;
  }

  /** Most things are fixed. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Something changed of what a session is started with: more may follow at once. */
  settle(): void {
    if (this.#begun) return;
    this.#settling?.cancel();
    this.#settling = this.#clock.timerAt(this.#clock.nowMs() + settleMs, () => this.now());
  }

  /** It is wanted now, settled or not. Idempotent. */
  now(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#settling?.cancel();
    this.#begin();
  }

  close(): void {
    this.#settling?.cancel();
  }
}
