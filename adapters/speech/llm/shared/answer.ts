import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type { ModelEvent } from '../../../../src/ports/language-model.ts';
import { BoundedQueue } from '../../../../src/streams/bounded-queue.ts';
import type { ModelCounters } from './counters.ts';

/** Events that wait for their reader (a count): more than a model writes in one answer. */
const eventLimit = 65_536;

/** Writes an answer event by event, until it is done or `signal` aborts. */
export type AnswerWriter = (
  push: (event: ModelEvent) => void,
  signal: AbortSignal,
) => Promise<void>;

/**
 * An answer that is being written. Whoever asked aborts it by its signal, or by leaving the iteration:
 * the events end in the same tick, and the writer is told.
 */
export class ModelAnswer implements AsyncIterable<ModelEvent> {
  readonly #queue = new BoundedQueue<ModelEvent>({ limit: eventLimit, overflow: 'fail' });
  readonly #work = new AbortController();
  readonly #signal: AbortSignal;
  readonly #counters: ModelCounters;
  readonly #onEnd: (answer: ModelAnswer) => void;

  /** Begins at once. `onEnd` is called once, when it is over for whatever reason. */
  constructor(
    write: AnswerWriter,
    signal: AbortSignal,
    { counters, onEnd }: { counters: ModelCounters; onEnd: (answer: ModelAnswer) => void },
  ) {
    this.#signal = signal;
    this.#counters = counters;
    this.#onEnd = onEnd;
    counters.answersStarted += 1;
    if (signal.aborted) {
      this.abort();
      return;
    }
    signal.addEventListener('abort', this.abort, { once: true });
    write(this.#push, this.#work.signal).then(
      () => {
        // A writer that comes to its end without saying so has been told to stop.
        this.#fail(new CallError('internal_error', 'an answer ended without `done`'));
      },
      (thrown: unknown) => this.#fail(asCallError(thrown)),
    );
  }

  get isOver(): boolean {
    return this.#queue.closed;
  }

  /** Ends the events at once, without one, and the writer's work. Idempotent. */
  readonly abort = (): void => {
    if (this.#queue.closed) return;
    this.#counters.answersAborted += 1;
    this.#queue.drain();
    this.#queue.close();
    this.#over();
  };

  [Symbol.asyncIterator](): AsyncIterator<ModelEvent, undefined> {
    const events = this.#queue[Symbol.asyncIterator]();
    return {
      next: () => events.next(),
      return: () => {
        this.abort();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  readonly #push = (event: ModelEvent): void => {
    if (this.#queue.push(event) === 'failed') {
      this.#fail(new CallError('queue_overflow', `${eventLimit} model events wait to be read`));
      return;
    }
    if (event.type !== 'done' || this.#queue.closed) return;
    this.#counters.answersCompleted += 1;
    this.#queue.close();
    // The work is not stopped: its connection is to be used again.
    this.#end();
  };

  #fail(error: CallError): void {
    if (this.#queue.closed) return;
    this.#counters.answersFailed += 1;
    if (error.code === 'backend_stalled') this.#counters.answersStalled += 1;
    this.#queue.fail(error);
    this.#over();
  }

  #over(): void {
    this.#work.abort();
    this.#end();
  }

  #end(): void {
    this.#signal.removeEventListener('abort', this.abort);
    this.#onEnd(this);
  }
}
