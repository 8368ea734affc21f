/** What a connection's end and its replacement depend on. */
export interface RolloverOptions {
  /** Longest life of a connection, ms; `null` where only the upstream's notice tells. */
  readonly capMs: number | null;
  /** So long before the cap a quiet moment is looked for, ms. */
  readonly leadMs: number;
  /** The change is made so long before the end at the latest, ms; a quarter of a shorter notice. */
  readonly marginMs: number;
  /** Openings in a row that may fail or come to nothing before it is given up (a count). */
  readonly attempts: number;
  /** Before an opening is tried again: doubled each time, ms. */
  readonly againAfterMs: { readonly first: number; readonly most: number };
}

/** Where a session that outlives its connections stands. */
export type RolloverState =
  /** Connected, and nothing is to be done before `lookFromMs`. */
  | {
      readonly kind: 'steady';
      readonly quiet: boolean;
      readonly attempts: number;
      readonly lookFromMs: number | null;
      readonly endsAtMs: number | null;
    }
  /** Connected, to be changed in the next quiet moment, at `latestAtMs` at the latest. */
  | {
      readonly kind: 'due';
      readonly quiet: boolean;
      readonly attempts: number;
      readonly latestAtMs: number | null;
    }
  /** The next connection is being opened. */
  | { readonly kind: 'opening'; readonly attempts: number }
  /** An opening failed; the next one begins at `againAtMs`. */
  | { readonly kind: 'waiting'; readonly attempts: number; readonly againAtMs: number }
  | { readonly kind: 'over' };

/** What a session tells about its connections. `chance` is drawn from [0, 1), for jitter. */
export type RolloverInput =
  | { readonly type: 'connected' }
  /** Something came of this connection: a turn was completed. */
  | { readonly type: 'progress' }
  /** The upstream said that it closes the connection in so many ms. */
  | { readonly type: 'notice'; readonly leftMs: number }
  /** Another connection is wanted, for settings that this one cannot take. */
  | { readonly type: 'wanted' }
  /** Whether changing now would cut nothing. */
  | { readonly type: 'quiet'; readonly quiet: boolean }
  | { readonly type: 'lost'; readonly retryable: boolean; readonly chance: number }
  | { readonly type: 'refused'; readonly retryable: boolean; readonly chance: number }
  | { readonly type: 'tick' };

/** `open`: leave the connection there is, if any, and open the next. `give_up`: nothing helps. */
export type RolloverEffect = 'open' | 'give_up';

export interface RolloverStep {
  readonly state: RolloverState;
  readonly effects: readonly RolloverEffect[];
  /** When to come with a `tick`; `null`: never. */
  readonly wakeAtMs: number | null;
}

/** Before the first connection. */
export const firstOpening: RolloverState = { kind: 'opening', attempts: 0 };

/**
 * When one connection is exchanged for the next, so that a call outlives them: in a quiet moment
 * after the upstream's notice or shortly before the cap, in time in any case, and after a loss. How
 * a connection is opened, and whether the old one is closed before or after, is the driver's.
 */
export function rolloverStep(
  state: RolloverState,
  input: RolloverInput,
  nowMs: number,
  options: RolloverOptions,
): RolloverStep {
  const [next, effects] = settle(take(state, input, nowMs, options), nowMs, options);
  return { state: next, effects, wakeAtMs: wakeAtMs(next) };
}

type Outcome = readonly [RolloverState, readonly RolloverEffect[]];

function take(
  state: RolloverState,
  input: RolloverInput,
  nowMs: number,
  options: RolloverOptions,
): Outcome {
  if (state.kind === 'over') return [state, []];
  const connected = state.kind === 'steady' || state.kind === 'due';
  switch (input.type) {
    case 'connected': {
      const { capMs, leadMs } = options;
      const endsAtMs = capMs === null ? null : nowMs + capMs;
      const lookFromMs = endsAtMs === null ? null : endsAtMs - leadMs;
      const { attempts } = state;
      return [{ kind: 'steady', quiet: false, attempts, lookFromMs, endsAtMs }, []];
    }
    case 'progress':
      return connected ? [{ ...state, attempts: 0 }, []] : [state, []];
    case 'notice': {
      if (!connected) return [state, []];
      const marginMs = Math.min(options.marginMs, input.leftMs / 4);
      const latestAtMs = nowMs + Math.max(0, input.leftMs - marginMs);
      return [due(state, earlier(latestOf(state, options), latestAtMs)), []];
    }
    case 'wanted':
      return connected ? [due(state, latestOf(state, options)), []] : [state, []];
    case 'quiet':
      return connected ? [{ ...state, quiet: input.quiet }, []] : [state, []];
    case 'lost':
      if (!connected) return [state, []];
      return again(state.attempts, { ...input, atOnce: true }, nowMs, options);
    case 'refused':
      if (state.kind !== 'opening') return [state, []];
      return again(state.attempts, { ...input, atOnce: false }, nowMs, options);
    case 'tick':
      return [state, []];
  }
}

type Connected = RolloverState & { readonly kind: 'steady' | 'due' };

function due({ quiet, attempts }: Connected, latestAtMs: number | null): RolloverState {
  return { kind: 'due', quiet, attempts, latestAtMs };
}

function latestOf(state: Connected, { marginMs }: RolloverOptions): number | null {
  if (state.kind === 'due') return state.latestAtMs;
  return state.endsAtMs === null ? null : state.endsAtMs - marginMs;
}

/** What the hour brings. */
function settle([state, effects]: Outcome, nowMs: number, options: RolloverOptions): Outcome {
  switch (state.kind) {
    case 'steady':
      if (state.lookFromMs === null || nowMs < state.lookFromMs) return [state, effects];
      return settle([due(state, latestOf(state, options)), effects], nowMs, options);
    case 'due': {
      const late = state.latestAtMs !== null && nowMs >= state.latestAtMs;
      if (!state.quiet && !late) return [state, effects];
      return [{ kind: 'opening', attempts: state.attempts }, [...effects, 'open']];
    }
    case 'waiting':
      if (nowMs < state.againAtMs) return [state, effects];
      return [{ kind: 'opening', attempts: state.attempts }, [...effects, 'open']];
    case 'opening':
    case 'over':
      return [state, effects];
  }
}

function again(
  attempts: number,
  how: { readonly retryable: boolean; readonly chance: number; readonly atOnce: boolean },
  nowMs: number,
  { attempts: most, againAfterMs: { first, most: longest } }: RolloverOptions,
): Outcome {
  if (!how.retryable || attempts >= most) return [{ kind: 'over' }, ['give_up']];
  // A connection that was lost is first tried again at once: most losses are the cut itself.
  const fullMs = Math.min(longest, first * 2 ** attempts);
  const delayMs = how.atOnce && attempts === 0 ? 0 : fullMs * (0.5 + how.chance / 2);
  return [{ kind: 'waiting', attempts: attempts + 1, againAtMs: nowMs + delayMs }, []];
}

function wakeAtMs(state: RolloverState): number | null {
  switch (state.kind) {
    case 'steady':
      return state.lookFromMs;
    case 'due':
      return state.latestAtMs;
    case 'waiting':
      return state.againAtMs;
    case 'opening':
    case 'over':
      return null;
  }
}

function earlier(a: number | null, b: number): number {
  return a === null ? b : Math.min(a, b);
}
