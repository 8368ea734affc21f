import {
  limitedThings,
  type LimitedAmounts,
  type LimitedThing,
  type LimitScope,
  type SpendLimits,
} from '../ports/usage.ts';

/** No limit at all. */
export const unlimited: SpendLimits = { spend: null, minutes: null, tokens: null };

/** A limit that was nearly or quite used up. */
export interface LimitNotice {
  readonly stage: 'near' | 'reached';
  readonly scope: LimitScope;
  readonly of: LimitedThing;
  readonly limit: number;
  readonly used: number;
}

/** What one call has told of its limits: each stage of each limit once. */
export type ToldLimits = ReadonlySet<string>;

/**
 * Compares what was used with the limits. A limit that is reached at once is not announced before.
 *
 * @param warnAt share of a limit at which it is near, 0–1
 */
export function limitStep(
  told: ToldLimits,
  scopes: readonly {
    readonly scope: LimitScope;
    readonly limits: SpendLimits;
    readonly used: LimitedAmounts;
  }[],
  warnAt: number,
): { readonly told: ToldLimits; readonly notices: readonly LimitNotice[] } {
  const notices = scopes.flatMap(({ scope, limits, used }) =>
    limitedThings.flatMap((of): LimitNotice[] => {
      const stage = stageOf(limits[of], used[of], warnAt);
      if (stage === null) return [];
      return [{ stage, scope, of, limit: limits[of] ?? 0, used: used[of] }];
    }),
  );
  const news = notices.filter(
    (notice) => !told.has(keyOf(notice)) && !told.has(keyOf({ ...notice, stage: 'reached' })),
  );
  return { told: new Set([...told, ...news.map(keyOf)]), notices: news };
}

/** The limit that is used up, if one is. */
export function exceeded(limits: SpendLimits, used: LimitedAmounts): LimitedThing | null {
  return limitedThings.find((of) => stageOf(limits[of], used[of], 1) === 'reached') ?? null;
}

function stageOf(limit: number | null, used: number, warnAt: number): LimitNotice['stage'] | null {
  if (limit === null) return null;
  // Sums of minutes and money are a hair off.
  const share = (used + 1e-9) / limit;
  if (share >= 1) return 'reached';
  return share >= warnAt ? 'near' : null;
}

function keyOf({ stage, scope, of }: Pick<LimitNotice, 'stage' | 'scope' | 'of'>): string {
  return `${stage}/${scope}/${of}`;
}
