import type { AgentState, TurnState } from './state.ts';
import type { TurnEffect } from './vocabulary.ts';

/** A rule's answer: the state after it and what it wants done. */
export type Outcome = readonly [TurnState, readonly TurnEffect[]];

/**
 * Goes on from an outcome: effects of the next rule follow those of the one before. (It is not called
 * `then`: a module with that export is a thenable, and `import()` calls it.)
 */
export function andThen([state, effects]: Outcome, next: (state: TurnState) => Outcome): Outcome {
  const [after, more] = next(state);
  return [after, more.length === 0 ? effects : [...effects, ...more]];
}

/** [T10] What a cut consists of, in order. */
export const cut: readonly TurnEffect[] = [
  { type: 'cancelGeneration' },
  { type: 'flushPlayback' },
  { type: 'truncate' },
];

export function withFloor(agent: AgentState, floor: 'full' | 'ducked' | 'held'): AgentState {
  return agent.kind === 'idle' ? agent : { ...agent, floor };
}
