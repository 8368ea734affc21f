import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { Clause, ClauseOptions } from './text/clause.ts';
import { openClauses, stepClauses, type ClauseInput } from './text/clause-splitter.ts';

/** Drives the clause splitter: gives it the text as it comes, and its waits. */
export class ClauseFeed {
  readonly #clock: Clock;
  readonly #options: ClauseOptions;
  readonly #onClauses: (clauses: readonly Clause[]) => void;
  #state = openClauses();
  #timer: Timer | null = null;
  #closed = false;

  constructor(
    clock: Clock,
    options: ClauseOptions,
    onClauses: (clauses: readonly Clause[]) => void,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#onClauses = onClauses;
  }

  write(text: string): void {
    this.#step({ type: 'delta', text }, this.#clock.nowMs());
  }

  /** No text follows. */
  end(): void {
    this.#step({ type: 'end' }, this.#clock.nowMs());
    this.close();
  }

  /** Idempotent; nothing is given out any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #step(input: ClauseInput, nowMs: number): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    const { state, clauses, wakeAtMs } = stepClauses(this.#state, input, nowMs, this.#options);
    this.#state = state;
    if (wakeAtMs !== undefined) {
      this.#timer = this.#clock.timerAt(wakeAtMs, () =>
        // The timer has come: rounding must not put "now" just before it.
        this.#step({ type: 'tick' }, Math.max(wakeAtMs, this.#clock.nowMs())),
      );
    }
    if (clauses.length > 0) this.#onClauses(clauses);
  }
}
