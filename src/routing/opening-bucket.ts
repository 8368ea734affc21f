/** How fast sessions may be opened with a backend. */
export interface OpeningLimits {
  /** Most openings within any second (a count). */
  readonly perSecond: number;
  /** Most that wait for their turn (a count). */
  readonly waiting: number;
}

/** Openings that are free at the moment (a count, with fractions), and the time it was so. */
export interface OpeningBucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Share of a second's openings that may go at once; the others come evenly. */
const burstShare = 0.2;
/** Rounding must not cost anybody a turn. */
const enough = 1 - 1e-6;

/**
 * The bucket as it is by now. What it holds and what comes into it within a second are together no
 * more than `perSecond`, so that no second has more, wherever it begins.
 */
export function refilled(
  bucket: OpeningBucket,
  limits: OpeningLimits,
  nowMs: number,
): OpeningBucket {
  const { burst, perMs } = shape(limits);
  const gained = Math.max(0, nowMs - bucket.atMs) * perMs;
  return { tokens: Math.min(burst, bucket.tokens + gained), atMs: nowMs };
}

/** Whether one may go. */
export function mayOpen({ tokens }: OpeningBucket): boolean {
  return tokens >= enough;
}

/** When the next one may go, clock ms. */
export function nextOpeningMs(bucket: OpeningBucket, limits: OpeningLimits): number {
  return bucket.atMs + Math.max(0, 1 - bucket.tokens) / shape(limits).perMs;
}

function shape({ perSecond }: OpeningLimits): { burst: number; perMs: number } {
  const burst = Math.max(1, Math.floor(perSecond * burstShare));
  // One at a time never comes in a burst.
  const evenly = burst > 1 ? perSecond - burst : perSecond;
  return { burst, perMs: evenly / 1000 };
}
