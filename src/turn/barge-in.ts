import type { TurnEffect, TurnOptions, TurnState } from './vocabulary.ts';

/** [T10] What a cut consists of, in order. */
export const cut: readonly TurnEffect[] = [
  { type: 'cancelGeneration' },
  { type: 'flushPlayback' },
  { type: 'truncate' },
];

export interface OverlapVerdict {
  /** Whether clients are told of the speech now. */
  readonly shown: boolean;
  /** Effects after `speechStarted`. */
  readonly effects: readonly TurnEffect[];
}

/** What caller speech means for the agent's floor at the moment it is recognised. */
export function judgeOnset(
  agent: TurnState['agent'],
  { authority, detection }: TurnOptions,
): OverlapVerdict {
  if (agent.kind === 'idle') return { shown: true, effects: [] };
  switch (authority) {
    case 'gateway':
      return { shown: true, effects: detection?.interruptResponse === true ? cut : [] };
    case 'model':
      return { shown: agent.kind === 'thinking', effects: [] };
    case 'backend':
      return { shown: true, effects: [] };
  }
}
