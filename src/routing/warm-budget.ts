import type { WarmGate } from '../ports/health.ts';

/** How many sessions may stand by at one backend, over all calls of a process. */
export class WarmBudget implements WarmGate {
  /** Most at once (a count). */
  limit: number;
  #held = 0;
  #opened = 0;
  #adopted = 0;
  #refused = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  hold(): (() => void) | null {
    if (this.#held >= this.limit) {
      this.#refused += 1;
      return null;
    }
    this.#held += 1;
    this.#opened += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#held -= 1;
    };
  }

  adopted(): void {
    this.#adopted += 1;
  }

  /** Counts for `/api/backends` and the metrics; `standbys` is of now. */
  figures(): Readonly<Record<string, number>> {
    return {
      standbys: this.#held,
      standbysOpened: this.#opened,
      standbysAdopted: this.#adopted,
      standbysRefused: this.#refused,
    };
  }
}
