/** One turn's race between the backend that answers and the one that stands by. */
export type HedgeState =
  | { readonly kind: 'idle' }
  /** The answer was asked for, and is not late yet. */
  | {
      readonly kind: 'asked';
      readonly lineId: string;
      readonly atMs: number;
      readonly lateAtMs: number;
    }
  /** It is late: the rival is asked as well. */
  | {
      readonly kind: 'racing';
      readonly lineId: string;
      readonly atMs: number;
      /** The rival has been told everything and asked, at this time; `null`: not yet. */
      readonly rivalAtMs: number | null;
    };

/** What one side does that bears on the race. */
export type RunnerInput =
  /** Its answer has begun: any sound, or a call of a tool. */
  | 'begun'
  /** It can be heard. */
  | 'audible'
  /** It has ended its answer, and there is something in it. */
  | 'finished'
  /** It will not answer. */
  | 'out';

export type HedgeInput =
  /** @param lateMs when it counts as late, ms from now; `null`: nobody can say */
  | { readonly type: 'asked'; readonly lineId: string; readonly lateMs: number | null }
  | { readonly type: 'own' | 'rival'; readonly lineId: string; readonly what: RunnerInput }
  | { readonly type: 'rival.asked' }
  /** The line is over, whoever said so. */
  | { readonly type: 'over'; readonly lineId: string }
  /** The backend in use is another one from here on, or none. */
  | { readonly type: 'left' }
  | { readonly type: 'wake' };

export type HedgeEffect =
  /** The rival is to be opened, told everything, and asked. */
  | { readonly type: 'ask' }
  /** The rival's answer is the answer. */
  | { readonly type: 'won'; readonly ownMs: number; readonly rivalMs: number }
  /** The rival is not needed any more: what was held of the other is let go. */
  | { readonly type: 'lost' }
  /** Nobody wants either answer. */
  | { readonly type: 'dropped' };

export interface HedgeStep {
  readonly state: HedgeState;
  readonly effects: readonly HedgeEffect[];
  /** When it is to be woken; `null`: never. */
  readonly wakeAtMs: number | null;
}

export const noHedge: HedgeState = { kind: 'idle' };

/**
 * An answer that is late is asked of a second backend, and the first of the two that can be heard, or
 * has ended without a sound, is the answer. Nothing of either is done before that is known. Pure.
 */
export function hedgeStep(state: HedgeState, input: HedgeInput, nowMs: number): HedgeStep {
  if (input.type === 'asked') {
    const dropped = state.kind === 'racing' ? [{ type: 'dropped' } as const] : [];
    return { ...waiting(input, nowMs), effects: dropped };
  }
  switch (state.kind) {
    case 'idle':
      return stays(state);
    case 'asked':
      return whileAsked(state, input, nowMs);
    case 'racing':
      return whileRacing(state, input, nowMs);
  }
}

function waiting(
  { lineId, lateMs }: HedgeInput & { readonly type: 'asked' },
  nowMs: number,
): Omit<HedgeStep, 'effects'> {
  if (lateMs === null) return { state: noHedge, wakeAtMs: null };
  const lateAtMs = nowMs + lateMs;
  return { state: { kind: 'asked', lineId, atMs: nowMs, lateAtMs }, wakeAtMs: lateAtMs };
}

function whileAsked(
  state: HedgeState & { readonly kind: 'asked' },
  input: Exclude<HedgeInput, { readonly type: 'asked' }>,
  nowMs: number,
): HedgeStep {
  const { atMs, lateAtMs, lineId } = state;
  switch (input.type) {
    case 'own':
    case 'over':
      return input.lineId === lineId ? ends([]) : stays(state);
    case 'left':
      return ends([]);
    case 'rival':
    case 'rival.asked':
      return stays(state);
    case 'wake':
      if (nowMs < lateAtMs) return stays(state);
      return {
        state: { kind: 'racing', lineId, atMs, rivalAtMs: null },
        effects: [{ type: 'ask' }],
        wakeAtMs: null,
      };
  }
}

function whileRacing(
  state: HedgeState & { readonly kind: 'racing' },
  input: Exclude<HedgeInput, { readonly type: 'asked' }>,
  nowMs: number,
): HedgeStep {
  const { atMs, lineId, rivalAtMs } = state;
  switch (input.type) {
    case 'wake':
      return stays(state);
    case 'rival.asked':
      return stays({ ...state, rivalAtMs: nowMs });
    case 'left':
      return ends([{ type: 'dropped' }]);
    case 'over':
      return input.lineId === lineId ? ends([{ type: 'dropped' }]) : stays(state);
    case 'own':
      if (input.lineId !== lineId || input.what === 'begun') return stays(state);
      // One that will not answer is a loss, and is told as that: its place is the rival's.
      return input.what === 'out' ? stays(state) : ends([{ type: 'lost' }]);
    case 'rival':
      if (input.lineId !== lineId || input.what === 'begun') return stays(state);
      if (input.what === 'out' || rivalAtMs === null) return ends([{ type: 'lost' }]);
      return ends([{ type: 'won', ownMs: nowMs - atMs, rivalMs: nowMs - rivalAtMs }]);
  }
}

function stays(state: HedgeState): HedgeStep {
  const wakeAtMs = state.kind === 'asked' ? state.lateAtMs : null;
  return { state, effects: [], wakeAtMs };
}

function ends(effects: readonly HedgeEffect[]): HedgeStep {
  return { state: noHedge, effects, wakeAtMs: null };
}
