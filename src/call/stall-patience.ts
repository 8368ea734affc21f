import type { BackendPace } from '../ports/health.ts';
import type { StallManner } from '../ports/agent.ts';

/** How long a backend's silence is borne. */
export interface Patience {
  /** While it owes the beginning of an answer, or a sentence after one that it has finished, ms. */
  readonly answerMs: number;
  /** While nothing more is to be heard in the middle of a sentence, ms. */
  readonly dryMs: number;
}

/** Silence after which a backend counts as stalled that nobody could take over from, ms. */
export const longestSilenceMs = 20_000;

/** Where there is nobody to go over to, waiting is all that helps. */
export const longPatience: Patience = { answerMs: longestSilenceMs, dryMs: longestSilenceMs };

export const defaultStall: StallManner = {
  factor: 3,
  leastMs: 2500,
  mostMs: 8000,
  dryMs: 700,
};

/** A backend is held against what it does on other days: one that is always slow has not stalled. */
export function patienceWith(
  manner: StallManner,
  pace: Omit<BackendPace, 'firstAudioP90Ms'>,
): Patience {
  const { factor, leastMs, mostMs, dryMs } = manner;
  const { firstAudioP95Ms, dryP95Ms } = pace;
  const answerMs = within(factor * (firstAudioP95Ms ?? Infinity), leastMs, mostMs);
  return {
    answerMs,
    dryMs: Math.min(within(factor * (dryP95Ms ?? 0), dryMs, mostMs), answerMs),
  };
}

function within(ms: number, leastMs: number, mostMs: number): number {
  return Math.max(leastMs, Math.min(ms, mostMs));
}
