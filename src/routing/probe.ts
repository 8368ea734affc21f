import type { HealthState } from './health.ts';

/** What decides when a fallback is tried next. */
export interface ProbeState {
  /** When anything was last seen of it, by a call or a probe, ms. */
  readonly seenAtMs: number;
  /** That was a failure. */
  readonly failed: boolean;
  readonly health: HealthState['kind'];
}

/** One that may be out of order is looked at so soon again, ms. */
const doubtMs = 5000;
/** Share of the time by which it comes earlier or later. */
const jitter = 0.2;

/**
 * When a backend is to be tried that no call uses: a while after anything was last seen of it, sooner
 * where that was not good.
 *
 * @param chance 0 ≤ n < 1, so that not all are tried at once
 */
export function probeAtMs(
  { seenAtMs, failed, health }: ProbeState,
  everyMs: number,
  chance: number,
): number {
  const waitMs = failed || health !== 'closed' ? Math.min(doubtMs, everyMs) : everyMs;
  return seenAtMs + waitMs * (1 - jitter + 2 * jitter * chance);
}
