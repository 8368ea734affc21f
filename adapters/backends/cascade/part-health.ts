import type { CallError } from '../../../src/ports/errors.ts';

/** Counts how often one part failed without having worked in between. */
export class PartHealth {
  readonly #allowed: number;
  readonly #onGivenUp: (error: CallError) => void;
  #failures = 0;

  /** @param allowed failures in a row after which the part is given up (a count) */
  constructor(allowed: number, onGivenUp: (error: CallError) => void) {
    this.#allowed = allowed;
    this.#onGivenUp = onGivenUp;
  }

  /** Failures since it last worked (a count). */
  get failures(): number {
    return this.#failures;
  }

  worked(): void {
    this.#failures = 0;
  }

  /** @returns whether it is worth going on */
  failed(error: CallError): boolean {
    this.#failures += 1;
    if (this.#failures < this.#allowed) return true;
    this.#onGivenUp(error);
    return false;
  }
}
