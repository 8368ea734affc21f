/** What is known of a backend from the calls of this process. */
export type HealthInput =
  /** A session was opened, or an answer came in time. */
  | { readonly type: 'success' }
  /** It did not open, was lost under a call, or said nothing for too long. */
  | { readonly type: 'refused' | 'lost' | 'stalled' }
  /** An answer began far later than it usually does; its model was too slow for its frames. */
  | { readonly type: 'late' | 'missed' }
  /** A call was sent to it. */
  | { readonly type: 'chosen' };

/** What happened within so long, oldest first. */
interface Stretch {
  readonly sinceMs: number;
  readonly successes: number;
  /** A count; what is only slow counts half. */
  readonly failures: number;
}

/**
 * `open`: nobody is sent there who can go elsewhere. `half_open`: one call at a time tries it.
 * `warming`: it is trusted with more calls from step to step.
 */
export type HealthState =
  | {
      readonly kind: 'closed';
      readonly recent: readonly Stretch[];
      /** How often it was opened since it last was in order for long (a count). */
      readonly openings: number;
    }
  | { readonly kind: 'open'; readonly untilMs: number; readonly openings: number }
  | {
      readonly kind: 'half_open';
      readonly openings: number;
      /** Successes since then (a count). */
      readonly successes: number;
      /** When the last call was sent to try it, ms. */
      readonly triedAtMs: number;
    }
  | {
      readonly kind: 'warming';
      readonly openings: number;
      readonly sinceMs: number;
      readonly triedAtMs: number;
      readonly recent: readonly Stretch[];
    };

export const healthy: HealthState = { kind: 'closed', recent: [], openings: 0 };

/** So many failures within the window open the breaker (a count), if they are that share of all. */
const failureLimit = 3;
const failureShare = 0.2;
const failureWindowMs = 30_000;
const stretchMs = 5000;
/** What is only slow is half a failure. */
const slowness = 0.5;
/** How long it stays open, doubled with each opening that follows, ms. */
const firstOpenMs = 5000;
const longestOpenMs = 120_000;
/** Successes after which it is trusted again (a count); a call is sent this often until then, ms. */
const enoughSuccesses = 3;
const trialEveryMs = 1000;
/** Then twice as many calls each time this has passed, ms, in so many steps (a count). */
const warmStepMs = 3000;
const warmSteps = 5;

/**
 * A backend's breaker, shared by the calls of a process. Pure, with the time as an argument: what it
 * decides is the order in which calls try their backends, and never that a call has none.
 */
export function healthStep(state: HealthState, input: HealthInput, nowMs: number): HealthState {
  const now = healthAt(state, nowMs);
  switch (input.type) {
    case 'success':
      return succeeded(now, nowMs);
    case 'refused':
    case 'lost':
    case 'stalled':
      return failed(now, 1, nowMs);
    case 'late':
    case 'missed':
      return failed(now, slowness, nowMs);
    case 'chosen':
      return now.kind === 'half_open' || now.kind === 'warming'
        ? { ...now, triedAtMs: nowMs }
        : now;
  }
}

/** The state as it is by now: time alone lets somebody try again, and more of them after that. */
export function healthAt(state: HealthState, nowMs: number): HealthState {
  const { openings } = state;
  if (state.kind === 'open' && nowMs >= state.untilMs) {
    return { kind: 'half_open', openings, successes: 0, triedAtMs: -Infinity };
  }
  if (state.kind === 'warming' && nowMs >= state.sinceMs + warmSteps * warmStepMs) {
    return { kind: 'closed', recent: state.recent, openings: 0 };
  }
  return state;
}

/** Whether a call that has a choice is sent there. */
export function isTrusted(state: HealthState, nowMs: number): boolean {
  const now = healthAt(state, nowMs);
  switch (now.kind) {
    case 'closed':
      return true;
    case 'open':
      return false;
    case 'half_open':
      return nowMs - now.triedAtMs >= trialEveryMs;
    case 'warming': {
      const step = Math.floor((nowMs - now.sinceMs) / warmStepMs);
      return nowMs - now.triedAtMs >= trialEveryMs / 2 ** (step + 1);
    }
  }
}

/** Whether half of what opens it has happened of late, or it has only just been closed again. */
export function isWarned(state: HealthState, nowMs: number): boolean {
  const now = healthAt(state, nowMs);
  if (now.kind !== 'closed') return true;
  const recent = now.recent.filter(({ sinceMs }) => nowMs - sinceMs < failureWindowMs);
  const failures = sum(recent, (stretch) => stretch.failures);
  const all = failures + sum(recent, (stretch) => stretch.successes);
  return failures >= failureLimit / 2 && failures >= (failureShare / 2) * all;
}

function succeeded(state: HealthState, nowMs: number): HealthState {
  switch (state.kind) {
    case 'open':
      return state;
    case 'closed':
    case 'warming':
      return { ...state, recent: counted(state.recent, 1, 0, nowMs) };
    case 'half_open': {
      const { openings, triedAtMs } = state;
      const successes = state.successes + 1;
      if (successes < enoughSuccesses) return { ...state, successes };
      return { kind: 'warming', openings, sinceMs: nowMs, triedAtMs, recent: [] };
    }
  }
}

function failed(state: HealthState, weight: number, nowMs: number): HealthState {
  if (state.kind === 'open') return state;
  // While it is being tried, being slow is no success, and no reason to give it up either.
  if (state.kind === 'half_open') return weight < 1 ? state : opened(state.openings, nowMs);
  const recent = counted(state.recent, 0, weight, nowMs);
  const failures = sum(recent, (stretch) => stretch.failures);
  const all = failures + sum(recent, (stretch) => stretch.successes);
  return failures >= failureLimit && failures >= failureShare * all
    ? opened(state.openings, nowMs)
    : { ...state, recent };
}

function opened(before: number, nowMs: number): HealthState {
  const openMs = Math.min(longestOpenMs, firstOpenMs * 2 ** before);
  return { kind: 'open', untilMs: nowMs + openMs, openings: before + 1 };
}

function counted(
  recent: readonly Stretch[],
  successes: number,
  failures: number,
  nowMs: number,
): readonly Stretch[] {
  const kept = recent.filter(({ sinceMs }) => nowMs - sinceMs < failureWindowMs);
  const last = kept.at(-1);
  if (last === undefined || nowMs - last.sinceMs >= stretchMs) {
    return [...kept, { sinceMs: nowMs, successes, failures }];
  }
  const grown = {
    ...last,
    successes: last.successes + successes,
    failures: last.failures + failures,
  };
  return [...kept.slice(0, -1), grown];
}

function sum(recent: readonly Stretch[], of: (stretch: Stretch) => number): number {
  return recent.reduce((total, stretch) => total + of(stretch), 0);
}
