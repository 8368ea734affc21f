/** What refills at a rate, up to a burst. */
export interface AllowanceTerms {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket: what may be taken at a rate, after a first burst. Full at the start. */
export class Allowance {
  readonly #terms: AllowanceTerms;
  #left: number;
  #lastMs: number | null = null;

  constructor(terms: AllowanceTerms) {
    this.#terms = terms;
    this.#left = terms.burst;
  }

  /** @returns how long it takes until what was taken is made up for, ms */
  take(amount: number, nowMs: number): number {
    const { perSecond, burst } = this.#terms;
    const passedMs = nowMs - (this.#lastMs ?? nowMs);
    this.#lastMs = nowMs;
    this.#left = Math.min(burst, this.#left + (passedMs / 1000) * perSecond) - amount;
    return Math.max(0, (-this.#left / perSecond) * 1000);
  }
}
