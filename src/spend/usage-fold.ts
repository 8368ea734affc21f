import type { LogEntry } from '../ports/events.ts';
import {
  usageKinds,
  type BackendUsage,
  type CallSpend,
  type Cost,
  type LimitedAmounts,
  type Quantities,
  type UsageAmount,
  type UsageKind,
} from '../ports/usage.ts';
import { addCost, noCost } from './prices.ts';
import { addQuantities, tokensOf } from './quantities.ts';

/** Counted by Parley in every call; all else only where a vendor reports it. */
const alwaysCounted: ReadonlySet<UsageKind> = new Set([
  'connectedMs',
  'callerAudioMs',
  'agentAudioMs',
  'toolCalls',
  'unreportedAnswers',
] as const);

interface Kept {
  used: Quantities;
  readonly reported: Set<UsageKind>;
  cost: Cost;
}

type Counted = Pick<
  LogEntry & { readonly type: 'usage.counted' },
  'backend' | 'source' | 'used' | 'cost'
>;

/** One call's usage by backend, and its spend: the sum of what was counted, in any order. */
export class UsageFold {
  readonly #kept = new Map<string, Kept>();

  push({ backend, source, used, cost }: Counted): void {
    const kept = this.#of(backend);
    kept.used = addQuantities(kept.used, used);
    kept.cost = addCost(kept.cost, cost);
    if (source !== 'reported') return;
    for (const kind of Object.keys(used) as UsageKind[]) kept.reported.add(kind);
  }

  /** By backend, in the order in which they were first used. */
  usage(): readonly BackendUsage[] {
    return [...this.#kept].map(([backend, kept]) => ({
      backend,
      amounts: amountsOf(kept),
      cost: kept.cost,
    }));
  }

  /** One entry for each currency, and one for what has none. */
  spend(): CallSpend {
    const byCurrency = new Map<string | null, Cost>();
    for (const { cost } of this.#kept.values()) {
      if (cost.currency === null && cost.amount !== null) continue;
      byCurrency.set(cost.currency, addCost(byCurrency.get(cost.currency) ?? noCost, cost));
    }
    return [...byCurrency.values()];
  }

  /** What limits go by. @param currency the limits' */
  limited(currency: string): LimitedAmounts {
    const all = [...this.#kept.values()];
    const used = all.reduce<Quantities>((sum, kept) => addQuantities(sum, kept.used), {});
    const spend = all
      .filter(({ cost }) => cost.currency === currency)
      .reduce((sum, { cost }) => sum + cost.known, 0);
    return { spend, minutes: (used.connectedMs ?? 0) / 60_000, tokens: tokensOf(used) };
  }

  #of(backend: string): Kept {
    const known = this.#kept.get(backend);
    if (known !== undefined) return known;
    const made: Kept = { used: {}, reported: new Set(), cost: noCost };
    this.#kept.set(backend, made);
    return made;
  }
}

function amountsOf({ used, reported }: Kept): Readonly<Record<UsageKind, UsageAmount>> {
  const entries = usageKinds.map((kind): readonly [UsageKind, UsageAmount] => {
    const amount = used[kind] ?? 0;
    if (reported.has(kind)) return [kind, { amount, source: 'reported' }];
    if (alwaysCounted.has(kind) || kind in used) return [kind, { amount, source: 'counted' }];
    return [kind, { amount: null, source: 'unknown' }];
  });
  return Object.fromEntries(entries) as Record<UsageKind, UsageAmount>;
}
