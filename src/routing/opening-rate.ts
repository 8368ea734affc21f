import { CallError } from '../ports/errors.ts';
import {
  mayOpen,
  nextOpeningMs,
  refilled,
  type OpeningBucket,
  type OpeningLimits,
} from './opening-bucket.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { OpeningGate } from '../ports/health.ts';

interface Waiting {
  readonly go: () => void;
  readonly stop: (reason: unknown) => void;
}

/**
 * How fast sessions are opened with one backend, over all calls of a process: those that calls open
 * beside their first. Who cannot wait is told so at once; the others wait in the order they came.
 */
export class OpeningRate implements OpeningGate {
  readonly #clock: Clock;
  #limits: OpeningLimits;
  /** Full until somebody takes of it. */
  #bucket: OpeningBucket = { tokens: Infinity, atMs: 0 };
  readonly #waiting = new Set<Waiting>();
  #timer: Timer | null = null;
  #taken = 0;
  #waited = 0;
  #refused = 0;

  constructor(clock: Clock, limits: OpeningLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Other limits from now on; who waits goes on waiting. */
  set limits(limits: OpeningLimits) {
    this.#limits = limits;
    this.#pump();
  }

  get free(): boolean {
    return this.#waiting.size === 0 && mayOpen(this.#refill());
  }

  tryTake(): boolean {
    if (!this.free) {
      this.#refused += 1;
      return false;
    }
    this.#take();
    return true;
  }

  take(signal: AbortSignal): Promise<void> | null {
    if (this.free) {
      this.#take();
      return null;
    }
    if (this.#waiting.size >= this.#limits.waiting) {
      this.#refused += 1;
      const message = `${this.#limits.waiting} calls wait to open a session with it`;
      return Promise.reject(new CallError('backend_overloaded', message));
    }
    this.#waited += 1;
    return this.#wait(signal);
  }

  /** Counts for `/api/backends` and the metrics; `openingsWaiting` is of now. */
  figures(): Readonly<Record<string, number>> {
    return {
      openingsTaken: this.#taken,
      openingsWaiting: this.#waiting.size,
      openingsWaited: this.#waited,
      openingsRefused: this.#refused,
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const over = (): void => {
      this.#waiting.delete(waiting);
      signal.removeEventListener('abort', onAbort);
      if (this.#waiting.size === 0) this.#sleep();
    };
    const waiting: Waiting = {
      go: () => {
        over();
        resolve(undefined);
      },
      stop: (reason) => {
        over();
        reject(reason instanceof Error ? reason : new CallError('backend_closed', 'given up'));
      },
    };
    const onAbort = (): void => waiting.stop(signal.reason);
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.add(waiting);
    this.#pump();
    return promise;
  }

  #pump(): void {
    for (const waiting of [...this.#waiting]) {
      if (!mayOpen(this.#refill())) break;
      this.#take();
      waiting.go();
    }
    if (this.#waiting.size > 0) this.#wake();
  }

  #refill(): OpeningBucket {
    this.#bucket = refilled(this.#bucket, this.#limits, this.#clock.nowMs());
    return this.#bucket;
  }

  #take(): void {
    const { tokens, atMs } = this.#refill();
    this.#bucket = { tokens: tokens - 1, atMs };
    this.#taken += 1;
  }

  #wake(): void {
    this.#sleep();
    const atMs = nextOpeningMs(this.#refill(), this.#limits);
    this.#timer = this.#clock.timerAt(atMs, () => this.#pump());
  }

  #sleep(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
