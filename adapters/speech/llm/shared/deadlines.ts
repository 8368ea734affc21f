import { CallError } from '../../../../src/ports/errors.ts';
import type { Clock, Timer } from '../../../../src/time/clock.ts';

/** How long an answer may keep silent. */
export interface DeadlineOptions {
  /** From the request to the first text or tool call, ms. */
  readonly firstTokenMs: number;
  /** Then between two signs of life, ms: bytes of any kind, a keep-alive line among them. */
  readonly idleMs: number;
}

/** Watches one answer, and says once that it stalled. */
export class Deadlines {
  readonly #options: DeadlineOptions;
  readonly #clock: Clock;
  readonly #stalled: (error: CallError) => void;
  #timer: Timer;
  #hasToken = false;
  #idleFromMs = 0;

  /** The first deadline runs from now on. */
  constructor(options: DeadlineOptions, clock: Clock, stalled: (error: CallError) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#stalled = stalled;
    const { firstTokenMs } = options;
    this.#timer = clock.timerAt(clock.nowMs() + firstTokenMs, () => {
      stalled(new CallError('backend_stalled', `no token came within ${firstTokenMs} ms`));
    });
  }

  /** Something readable has come. */
  token(): void {
    this.#idleFromMs = this.#clock.nowMs();
    if (this.#hasToken) return;
    this.#hasToken = true;
    this.#timer.cancel();
    this.#wait();
  }

  /** Something has come. */
  alive(): void {
    this.#idleFromMs = this.#clock.nowMs();
  }

  end(): void {
    this.#timer.cancel();
  }

  /** One timer that looks again, not one for every token. */
  #wait(): void {
    const { idleMs } = this.#options;
    this.#timer = this.#clock.timerAt(this.#idleFromMs + idleMs, () => {
      if (this.#clock.nowMs() < this.#idleFromMs + idleMs) this.#wait();
      else this.#stalled(new CallError('backend_stalled', `nothing came for ${idleMs} ms`));
    });
  }
}
