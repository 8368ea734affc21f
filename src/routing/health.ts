/** What is known of a backend from the calls of this process. */
export type HealthInput =
  /** A session was opened, or an answer came in time. */
  | { readonly type: 'success' }
  /** It did not open, was lost under a call, or said nothing for too long. */
  | { readonly type: 'refused' | 'lost' | 'stalled' }
  /** A call was sent to it. */
  | { readonly type: 'chosen' };

/** `open`: nobody is sent there who can go elsewhere. `half_open`: one call at a time tries it. */
export type HealthState =
  | { readonly kind: 'closed'; readonly failures: readonly number[]; readonly openings: number }
  | { readonly kind: 'open'; readonly untilMs: number; readonly openings: number }
  | {
      readonly kind: 'half_open';
      readonly openings: number;
      /** Successes since then (a count). */
      readonly successes: number;
      /** When the last call was sent to try it, ms. */
      readonly triedAtMs: number;
    };

export const healthy: HealthState = { kind: 'closed', failures: [], openings: 0 };

/** So many failures within the window open the breaker (a count). */
const failureLimit = 3;
const failureWindowMs = 30_000;
/** How long it stays open, doubled with each opening that follows, ms. */
const firstOpenMs = 5000;
const longestOpenMs = 120_000;
/** Successes after which it is trusted again (a count); a call is sent this often until then, ms. */
const enoughSuccesses = 3;
const trialEveryMs = 1000;

/**
 * A backend's breaker, shared by the calls of a process. Pure, with the time as an argument: what it
 * decides is the order in which calls try their backends, and never that a call has none.
 */
export function healthStep(state: HealthState, input: HealthInput, nowMs: number): HealthState {
  const now = healthAt(state, nowMs);
  switch (input.type) {
    case 'success':
      return succeeded(now);
    case 'refused':
    case 'lost':
    case 'stalled':
      return failed(now, nowMs);
    case 'chosen':
      return now.kind === 'half_open' ? { ...now, triedAtMs: nowMs } : now;
  }
}

/** The state as it is by now: an open breaker lets somebody try again when its time is over. */
export function healthAt(state: HealthState, nowMs: number): HealthState {
  if (state.kind !== 'open' || nowMs < state.untilMs) return state;
  return { kind: 'half_open', openings: state.openings, successes: 0, triedAtMs: -Infinity };
}

/** Whether a call that has a choice is sent there. */
export function isTrusted(state: HealthState, nowMs: number): boolean {
  const now = healthAt(state, nowMs);
  if (now.kind === 'half_open') return nowMs - now.triedAtMs >= trialEveryMs;
  return now.kind === 'closed';
}

function succeeded(state: HealthState): HealthState {
  if (state.kind !== 'half_open') return state;
  const successes = state.successes + 1;
  return successes >= enoughSuccesses ? healthy : { ...state, successes };
}

function failed(state: HealthState, nowMs: number): HealthState {
  if (state.kind === 'open') return state;
  if (state.kind === 'half_open') return opened(state.openings, nowMs);
  const failures = [...state.failures.filter((atMs) => nowMs - atMs < failureWindowMs), nowMs];
  return failures.length >= failureLimit ? opened(state.openings, nowMs) : { ...state, failures };
}

function opened(before: number, nowMs: number): HealthState {
  const openMs = Math.min(longestOpenMs, firstOpenMs * 2 ** before);
  return { kind: 'open', untilMs: nowMs + openMs, openings: before + 1 };
}
