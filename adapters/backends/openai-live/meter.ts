import type { BackendEvent } from '../../../src/ports/backend.ts';
import type { Counters } from './counters.ts';

/** The upstream tells how long a session has been, cumulatively: gives on what is new of it. */
export class Meter {
  readonly #counters: Counters;
  readonly #emit: (event: BackendEvent) => void;
  /** Of the session in use, s. */
  #toldSeconds = 0;

  constructor(counters: Counters, emit: (event: BackendEvent) => void) {
    this.#counters = counters;
    this.#emit = emit;
  }

  /** Another session, which counts from 0. */
  restart(): void {
    this.#toldSeconds = 0;
  }

  told(seconds: number): void {
    const more = seconds - this.#toldSeconds;
    if (more <= 0) return;
    this.#toldSeconds = seconds;
    this.#counters.upstreamSeconds += more;
    this.#emit({ type: 'usage', usage: null, sessionMs: more * 1000 });
  }
}
