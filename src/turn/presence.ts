import type { Outcome } from './outcome.ts';
import type { TurnOptions } from './options.ts';
import type { TurnState } from './state.ts';

/** [T61] A sign of life: whoever was away is back. */
export function present(state: TurnState, nowMs: number): Outcome {
  return [
    { ...state, presentAtMs: nowMs, away: false },
    state.away ? [{ type: 'event', event: { type: 'away', away: false } }] : [],
  ];
}

/** [T61] Call time at which a caller who says nothing counts as gone. */
export function awayAtMs(state: TurnState, { times }: TurnOptions): number | null {
  const { agent, caller } = state;
  return !state.away && agent.kind === 'idle' && caller.kind === 'silent'
    ? Math.max(state.presentAtMs, agent.sinceMs) + times.awayMs
    : null;
}

/** [T61] */
export function wentAway(state: TurnState): Outcome {
  return [{ ...state, away: true }, [{ type: 'event', event: { type: 'away', away: true } }]];
}
