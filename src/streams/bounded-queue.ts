/** What a full queue does with one more value. */
export type OverflowPolicy = 'dropOldest' | 'fail';

/** Outcome of one `push`: `dropped` says that the oldest value was lost to make room. */
export type PushResult = 'queued' | 'dropped' | 'failed' | 'closed';

export interface BoundedQueueOptions {
  /** Most values held at once (a count). Must be a positive integer. */
  readonly limit: number;
  readonly overflow: OverflowPolicy;
}

/** Values that come, for one consumer: it iterates, or takes them by callback where that is offered. */
export interface Incoming<T> extends AsyncIterable<T> {
  /**
   * Consumes by callback: in a microtask, as an iteration would, without two promises a value
   * (bench/frame-path.ts). Resolves when everything was taken and nothing more comes, or when `take`
   * has returned false, which ends it; rejects where an iteration would, and with what `take` throws.
   */
  consume?(take: (value: T) => boolean): Promise<void>;
}

interface Taker<T> {
  readonly take: (value: T) => boolean;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * A queue with one producer and one consumer, a limit and a counter for when the limit was hit.
 * The consumer iterates or takes by callback; `close` lets it drain what is left and then ends it, `fail` ends it with
 * an error at once.
 */
export class BoundedQueue<T> implements Incoming<T> {
  readonly limit: number;
  readonly overflow: OverflowPolicy;
  #values: (T | undefined)[] = [];
  #head = 0;
  #overflows = 0;
  #ended = false;
  #error: Error | undefined;
  #waiting: PromiseWithResolvers<IteratorResult<T, undefined>> | undefined;
  #taker: Taker<T> | undefined;
  /** The taker's microtask is on its way. */
  #woken = false;

  /** @throws RangeError when `limit` is not a positive integer. */
  constructor({ limit, overflow }: BoundedQueueOptions) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`limit must be a positive integer, got ${limit}`);
    }
    this.limit = limit;
    this.overflow = overflow;
  }

  /** Values waiting now. */
  get size(): number {
    return this.#values.length - this.#head;
  }

  /** How often the limit was hit since construction: values dropped or refused. */
  get overflows(): number {
    return this.#overflows;
  }

  get closed(): boolean {
    return this.#ended;
  }

  push(value: T): PushResult {
    if (this.#ended) return 'closed';
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting.resolve({ done: false, value });
      return 'queued';
    }
    if (this.size < this.limit) {
      this.#values.push(value);
      this.#wakeTaker();
      return 'queued';
    }
    this.#overflows += 1;
    if (this.overflow === 'fail') return 'failed';
    this.#take();
    this.#values.push(value);
    return 'dropped';
  }

  /** Ends the queue; values already in it are still delivered. Idempotent. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
    this.#wakeTaker();
  }

  /** Ends the queue with an error and throws away what is in it. Idempotent. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#values = [];
    this.#head = 0;
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#wakeTaker();
  }

  /** See {@link Incoming}; one consumer at a time. */
  consume(take: (value: T) => boolean): Promise<void> {
    if (this.#taker !== undefined || this.#waiting !== undefined) {
      return Promise.reject(new TypeError('one consumer only'));
    }
    const done: PromiseWithResolvers<void> = Promise.withResolvers();
    this.#taker = { take, done };
    this.#wakeTaker();
    return done.promise;
  }

  /** Takes every value that is waiting, without waiting. */
  drain(): T[] {
    const values = this.#values.slice(this.#head) as T[];
    this.#values = [];
    this.#head = 0;
    return values;
  }

  /** One consumer at a time: a second concurrent `next` throws. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.close();
        this.drain();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #wakeTaker(): void {
    if (this.#taker === undefined || this.#woken) return;
    this.#woken = true;
    queueMicrotask(this.#feedTaker);
  }

  readonly #feedTaker = (): void => {
    this.#woken = false;
    const taker = this.#taker;
    if (taker === undefined) return;
    try {
      while (this.size > 0) {
        if (taker.take(this.#take())) continue;
        this.#endTaker();
        taker.done.resolve();
        return;
      }
    } catch (thrown) {
      this.#endTaker();
      taker.done.reject(thrown);
      return;
    }
    if (!this.#ended) return;
    this.#taker = undefined;
    if (this.#error === undefined) taker.done.resolve();
    else taker.done.reject(this.#error);
  };

  /** As the end of an iteration does: nothing more is taken in. */
  #endTaker(): void {
    this.#taker = undefined;
    this.close();
    this.drain();
  }

  #next(): Promise<IteratorResult<T, undefined>> {
    if (this.size > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    if (this.#waiting !== undefined || this.#taker !== undefined) {
      return Promise.reject(new TypeError('one consumer only'));
    }
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  #take(): T {
    const value = this.#values[this.#head] as T;
    this.#values[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#values.length) {
      this.#values = this.#values.slice(this.#head);
      this.#head = 0;
    }
    return value;
  }
}
