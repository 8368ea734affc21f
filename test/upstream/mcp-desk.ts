import type { ClientItem } from '../../protocol/openai-realtime/items.ts';
import { WireError, type Conversation, type RememberedItem } from './conversation.ts';
import type { Outgoing } from './generated-response.ts';
import { McpRun, runApproved } from './mcp-run.ts';
import type { ScriptedRun } from './options.ts';

/** How long a server takes to tell its tools, ms. */
const listMs = 80;

export interface McpDeskOptions {
  /** Tools by the label of a server that can be reached. */
  readonly servers: Readonly<Record<string, readonly string[]>>;
  readonly conversation: Conversation;
  readonly newId: () => string;
  readonly send: (event: Outgoing) => void;
  readonly after: (delayMs: number, callback: () => void) => void;
}

type Tools = readonly Readonly<Record<string, unknown>>[];

/** A session's MCP servers: what they have, what runs, and what waits to be approved. */
export class McpDesk {
  readonly #options: McpDeskOptions;
  #tools: Tools = [];
  readonly #listed = new Set<string>();
  readonly #asked = new Map<string, ScriptedRun>();

  constructor(options: McpDeskOptions) {
    this.#options = options;
  }

  /** Asks the servers that are new for their tools. */
  list(tools: Tools): void {
    const { after, newId, send, servers } = this.#options;
    this.#tools = tools;
    for (const { type, server_label } of tools) {
      const label = String(server_label);
      if (type !== 'mcp' || this.#listed.has(label)) continue;
      this.#listed.add(label);
      const item = this.#remembered('mcp_list_tools', newId(), { server_label: label, tools: [] });
      this.#add(item, 'conversation.item.added');
      send({ type: 'mcp_list_tools.in_progress', item_id: item.id });
      after(listMs, () => {
        const names = servers[label];
        if (names === undefined) {
          send({ type: 'mcp_list_tools.failed', item_id: item.id });
          return;
        }
        const found = names.map((name) => ({ name, input_schema: { type: 'object' } }));
        item.mcp = { server_label: label, tools: found };
        send({ type: 'mcp_list_tools.completed', item_id: item.id });
        send({ type: 'conversation.item.done', previous_item_id: null, item: shown(item) });
      });
    }
  }

  /** @returns `null` where the session has no such tool */
  run(script: ScriptedRun): McpRun | null {
    const server = this.#tools.find(({ server_label }) => server_label === script.server);
    const has = this.#options.servers[script.server]?.includes(script.name) === true;
    if (server === undefined || !has) return null;
    const asks = server['require_approval'] !== 'never';
    const itemId = this.#options.newId();
    if (asks) this.#asked.set(itemId, script);
    return new McpRun({ ...this.#options, script, itemId, asks });
  }

  /** @throws WireError where nobody waits for it */
  approve(response: ClientItem & { readonly type: 'mcp_approval_response' }): void {
    const { conversation, newId } = this.#options;
    const { approval_request_id: approvalId, approve, reason = null } = response;
    const script = this.#asked.get(approvalId);
    if (script === undefined) {
      const message = `Approval request '${approvalId}' not found.`;
      throw new WireError('invalid_value', message, 'item.approval_request_id');
    }
    this.#asked.delete(approvalId);
    const answer = { approval_request_id: approvalId, approve, reason };
    const item = this.#remembered('mcp_approval_response', response.id ?? newId(), answer);
    this.#add(item, 'conversation.item.added', 'conversation.item.done');
    if (!approve) return;
    const call = this.#remembered('mcp_call', newId(), {});
    conversation.add(call);
    runApproved(call, approvalId, { ...this.#options, script });
  }

  #add(item: RememberedItem, ...events: readonly string[]): void {
    const previous = this.#options.conversation.add(item);
    for (const type of events) {
      this.#options.send({ type, previous_item_id: previous, item: shown(item) });
    }
  }

  #remembered(type: RememberedItem['type'], id: string, mcp: object): RememberedItem {
    const nothing = { role: null, text: '', audioMs: null, callId: null, name: null } as const;
    return { id, type, status: 'completed', ...nothing, mcp };
  }
}

function shown({ id, type, mcp }: RememberedItem): object {
  return { id, type, ...mcp };
}
