/** What the rules promise about the past, as far as it matters for what may come. */
export interface Promises {
  /** Speech that clients were shown and that has not ended for them. */
  readonly shown: boolean;
  readonly speculationId: number | null;
  /** A turn is being answered, so it may be retracted. */
  readonly answered: boolean;
  /** Uplink position up to which audio was given away as turns, ms. */
  readonly takenMs: number;
}

/** A broken promise of the rules. */
export class BrokenRule extends Error {}
