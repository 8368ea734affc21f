import type { PriceTable } from '../spend/prices.ts';
import type { LimitedAmounts, LimitScope, SpendLimits } from '../ports/usage.ts';

/** A limit that others use up too. */
export interface SharedLimit {
  readonly scope: Exclude<LimitScope, 'call'>;
  readonly limits: SpendLimits;
  /** So far today, this call included. */
  readonly used: () => LimitedAmounts;
}

/** What a call costs, and how much it may cost. */
export interface SpendOptions {
  /** Prices of a backend; `null` where it has none. */
  readonly prices: (backend: string) => PriceTable | null;
  /** ISO 4217, of all limits in money; usage in another currency does not count towards them. */
  readonly currency: string;
  readonly limits: SpendLimits;
  readonly shared: readonly SharedLimit[];
  /** Share of a limit at which the agent is told, 0–1. */
  readonly warnAt: number;
  /** What the agent says at a limit, before the call ends. */
  readonly words: string;
  /** Backend that the call goes over to when a limit is near; `null`: it stays where it is. */
  readonly cheaper: string | null;
}
