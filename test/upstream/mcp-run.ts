import type { RememberedItem } from './conversation.ts';
import type { Outgoing } from './generated-response.ts';
import type { ScriptedRun } from './options.ts';

/** How long a tool runs, ms. */
const runMs = 120;

export interface McpRunOptions {
  readonly script: ScriptedRun;
  readonly itemId: string;
  /** The client has to approve first; then another item is the call. */
  readonly asks: boolean;
  readonly send: (event: Outgoing) => void;
  readonly after: (delayMs: number, callback: () => void) => void;
}

/** Where a run stands in a response. */
interface Place {
  readonly response_id: string;
  readonly item_id: string;
  readonly output_index: number;
}

/** One call of a tool that the stand-in runs, or the request to be allowed to. */
export class McpRun {
  readonly item: RememberedItem;
  readonly #options: McpRunOptions;

  constructor(options: McpRunOptions) {
    const { script, itemId, asks } = options;
    this.#options = options;
    this.item = {
      id: itemId,
      type: asks ? 'mcp_approval_request' : 'mcp_call',
      role: null,
      status: 'completed',
      text: script.arguments,
      audioMs: null,
      callId: null,
      name: script.name,
      mcp: asks ? shownRequest(script) : shownCall(script, null, false),
    };
  }

  /** @param finish closes the item and the response */
  start(place: Place, finish: () => void): void {
    const { script, asks, send, after } = this.#options;
    if (asks) {
      finish();
      return;
    }
    const { response_id, item_id, output_index } = place;
    const half = Math.ceil(script.arguments.length / 2);
    const halves = [script.arguments.slice(0, half), script.arguments.slice(half)];
    for (const delta of halves.filter((text) => text !== '')) {
      send({ type: 'response.mcp_call_arguments.delta', ...place, delta, obfuscation: 'x9' });
    }
    send({ type: 'response.mcp_call_arguments.done', ...place, arguments: script.arguments });
    if (script.late === true) finish();
    send({ type: 'response.mcp_call.in_progress', item_id, output_index });
    after(runMs, () => {
      this.item.mcp = shownCall(script, null, true);
      send({ type: endOf(script), item_id, output_index });
      if (script.late !== true) finish();
      else {
        const item = { id: item_id, type: 'mcp_call', ...this.item.mcp };
        send({ type: 'response.output_item.done', response_id, output_index, item });
        send({ type: 'conversation.item.done', previous_item_id: null, item });
      }
    });
  }
}

/** A call that was approved, outside of any response. @param item in the conversation by now */
export function runApproved(
  item: RememberedItem,
  approvalId: string,
  { script, send, after }: Pick<McpRunOptions, 'script' | 'send' | 'after'>,
): void {
  const place = { item_id: item.id, output_index: 0 };
  const shown = (): object => ({ id: item.id, type: item.type, ...item.mcp });
  item.mcp = shownCall(script, approvalId, false);
  send({ type: 'conversation.item.added', previous_item_id: approvalId, item: shown() });
  send({ type: 'response.mcp_call.in_progress', ...place });
  after(runMs, () => {
    item.mcp = shownCall(script, approvalId, true);
    send({ type: endOf(script), ...place });
    send({ type: 'conversation.item.done', previous_item_id: approvalId, item: shown() });
  });
}

function endOf({ result }: ScriptedRun): string {
  return 'error' in result ? 'response.mcp_call.failed' : 'response.mcp_call.completed';
}

function shownRequest({ server, name, arguments: args }: ScriptedRun): object {
  return { server_label: server, name, arguments: args };
}

function shownCall(script: ScriptedRun, approvalId: string | null, done: boolean): object {
  const { result } = script;
  return {
    ...shownRequest(script),
    approval_request_id: approvalId,
    output: done && 'output' in result ? result.output : null,
    error: done && 'error' in result ? result.error : null,
  };
}
