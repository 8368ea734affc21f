import type { Outcome } from './outcome.ts';
import type { TurnInput } from './vocabulary.ts';
import type { TurnOptions } from './options.ts';
import type { TurnState } from './state.ts';

/** Tools that are watched at once (a count); later ones are not waited for with words. */
const runningLimit = 64;

/** [T60] Follows the tools that run. */
export function fromTool(
  state: TurnState,
  { event, toolCallId }: TurnInput & { type: 'tool' },
  nowMs: number,
): Outcome {
  const { running, sinceMs, fillers } = state.tools;
  if (event === 'start') {
    if (running.includes(toolCallId) || running.length >= runningLimit) return [state, []];
    const tools =
      running.length === 0
        ? { running: [toolCallId], sinceMs: nowMs, fillers: 0 }
        : { running: [...running, toolCallId], sinceMs, fillers };
    return [{ ...state, tools }, []];
  }
  const left = running.filter((id) => id !== toolCallId);
  return [{ ...state, tools: { running: left, sinceMs, fillers } }, []];
}

/** [T60] Call time at which something is said while a tool runs. */
export function fillerAtMs(state: TurnState, options: TurnOptions): number | null {
  const { tools, agent, caller } = state;
  const { fillerMs, fillerAgainMs, fillerLimit } = options.times;
  const waits =
    options.fillers &&
    options.authority === 'gateway' &&
    tools.running.length > 0 &&
    tools.fillers < fillerLimit &&
    agent.kind === 'idle' &&
    caller.kind === 'silent';
  if (!waits) return null;
  return Math.max(tools.sinceMs, agent.sinceMs) + (tools.fillers === 0 ? fillerMs : fillerAgainMs);
}

/** [T60] */
export function fillerFired(state: TurnState): Outcome {
  const { tools } = state;
  const count = tools.fillers;
  return [
    { ...state, tools: { ...tools, fillers: count + 1 } },
    [{ type: 'say', kind: 'filler', count }],
  ];
}
