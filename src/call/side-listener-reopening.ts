import { asCallError, CallError } from '../ports/errors.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** First wait after a failure, and the longest one, ms. */
const firstWaitMs = 200;
const longestWaitMs = 30_000;
/** Failures in a row (a count) after which it is not tried again in this call. */
const failureLimit = 12;
/** Longest an opening may take, ms. */
const openTimeoutMs = 10_000;

export interface SideReopeningOptions<Opened> {
  readonly clock: Clock;
  /** 0 ≤ n < 1. */
  readonly chance: () => number;
  readonly open: (signal: AbortSignal) => Promise<Opened>;
  /** It is there; whoever takes it closes it. */
  readonly onOpen: (opened: Opened) => void;
  /** `first`: it worked, or had not been tried, before. */
  readonly onFailed: (error: CallError, first: boolean) => void;
}

/** Has something that nobody waits for, and has it again when it is lost: later and later. */
export class SideReopening<Opened> {
  readonly #options: SideReopeningOptions<Opened>;
  readonly #abort = new AbortController();
  #timer: Timer | null = null;
  #failures = 0;

  constructor(options: SideReopeningOptions<Opened>) {
    this.#options = options;
  }

  start(): void {
    void this.#try();
  }

  /** What there is does what it is for: losing it is the first failure. */
  worked(): void {
    this.#failures = 0;
  }

  lost(error: CallError): void {
    this.#failed(error);
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#abort.abort(new CallError('backend_closed', 'nobody listens any more'));
  }

  async #try(): Promise<void> {
    const { clock, open, onOpen } = this.#options;
    const late = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, late.signal]);
    this.#timer = clock.timerAt(clock.nowMs() + openTimeoutMs, () =>
      late.abort(new CallError('backend_stalled', `not open after ${openTimeoutMs} ms`)),
    );
    try {
      const opened = await open(signal);
      this.#timer.cancel();
      // Whoever takes it closes it, also when nobody wants it any more.
      onOpen(opened);
    } catch (thrown) {
      this.#timer.cancel();
      this.#failed(asCallError(thrown, 'backend_refused'));
    }
  }

  #failed(error: CallError): void {
    const { clock, chance, onFailed } = this.#options;
    if (this.#abort.signal.aborted) return;
    this.#failures += 1;
    onFailed(error, this.#failures === 1);
    if (this.#failures >= failureLimit) return;
    const wholeMs = Math.min(longestWaitMs, firstWaitMs * 2 ** (this.#failures - 1));
    const waitMs = wholeMs * (0.5 + chance() / 2);
    this.#timer = clock.timerAt(clock.nowMs() + waitMs, () => void this.#try());
  }
}
