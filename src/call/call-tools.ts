import { ActionsOfCall, type CallActionsOptions } from './call-actions.ts';
import { ToolCalls, type ToolCallsOptions } from './tool-calls.ts';
import { unasked } from './line-request.ts';
import type { CallOptions } from './options.ts';

type OfTools = Pick<
  ToolCallsOptions,
  'scope' | 'conversation' | 'lines' | 'settings' | 'send' | 'turn' | 'callerSpeaks' | 'respond'
>;
type OfActions = Pick<
  CallActionsOptions,
  'moveTo' | 'agent' | 'context' | 'roundTripMs' | 'configure' | 'onAgent' | 'close'
>;

export interface CallToolsOptions extends OfTools, OfActions {
  readonly call: CallOptions;
}

/** A call's tools, and what they may do to it. */
export function createCallTools({ call, ...options }: CallToolsOptions): ToolCalls {
  const { scope, lines, settings, callerSpeaks, respond, context, configure } = options;
  const actions = new ActionsOfCall({
    ...options,
    lines: () => lines,
    toolsBusy: () => tools.busy,
    otherAgent: (name) => call.otherAgent?.(name) ?? null,
    configure: (wanted) => configure(tools.withOwn(wanted)),
    useTools: (to) => tools.use(to.tools, to.toolSet),
  });
  const tools: ToolCalls = new ToolCalls({
    ...options,
    scope,
    callerSpeaks,
    callId: call.callId,
    tools: call.tools,
    toolSet: call.toolSet ?? null,
    actions,
    capabilities: () => context().capabilities,
    fillers: call.agent.turns.manner?.fillers === true,
    // Who has no turns speaks by itself about what a tool brought.
    answer: () => {
      if (context().authority !== 'model') respond({ ...unasked, cause: 'tool' });
    },
    onTools: (kept) => configure(tools.withOwn({ ...settings(), tools: kept })),
  });
  return tools;
}
