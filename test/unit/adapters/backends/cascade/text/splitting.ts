import {
  openClauses,
  stepClauses,
  type ClauseState,
} from '../../../../../../adapters/backends/cascade/text/clause-splitter.ts';
import {
  defaultClauseOptions,
  type Clause,
  type ClauseOptions,
} from '../../../../../../adapters/backends/cascade/text/clause.ts';

/** Splits an answer that comes in these pieces, all at time 0. */
export const split = (
  deltas: readonly string[],
  options: Partial<ClauseOptions> = {},
): readonly Clause[] => {
  const all = { ...defaultClauseOptions, ...options };
  const clauses: Clause[] = [];
  let state: ClauseState = openClauses();
  for (const text of deltas) {
    const step = stepClauses(state, { type: 'delta', text }, 0, all);
    state = step.state;
    clauses.push(...step.clauses);
  }
  return [...clauses, ...stepClauses(state, { type: 'end' }, 0, all).clauses];
};

/** No merging of short sentences: every boundary shows. */
export const everyBoundary = { minWeight: 1, firstMinWeight: 1000, phraseFromWeight: 1000 };

export const texts = (clauses: readonly Clause[]): readonly string[] =>
  clauses.map((clause) => clause.text);
