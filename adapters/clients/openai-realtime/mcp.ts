import type { ClientItem, McpError, ServerItem } from '../../../protocol/openai-realtime/items.ts';
import type { EffectiveSession, SessionUpdate } from '../../../protocol/openai-realtime/session.ts';
import type { ClientCommand } from '../../../src/ports/client.ts';
import type { RanOn, ToolCallItem } from '../../../src/ports/conversation.ts';
import { CallError } from '../../../src/ports/errors.ts';
import {
  ToolServer,
  type ServerTool,
  type ServerToolError,
} from '../../../src/ports/tool-servers.ts';
import { unsupported } from './errors.ts';
import type { SessionContext } from './session.ts';

type WireTools = NonNullable<(SessionUpdate & { readonly type: 'realtime' })['tools']>;
type WireFunction = Extract<WireTools[number], { readonly type: 'function' }>;

/** What a server of tools may be shown with. Anything else could be what opens it. */
const shownKeys = [
  'server_description',
  'connector_id',
  'tunnel_id',
  'allowed_tools',
  'require_approval',
  'defer_loading',
] as const;
/** Of these, exactly one says where a server is. */
const placeKeys = ['server_url', 'connector_id', 'tunnel_id'] as const;

/**
 * Functions, and servers whose tools the upstream runs.
 *
 * @returns `servers` is `null` where none can be had: then there is no such setting
 * @throws CallError for servers where the backend runs no tools by itself, or that are nowhere
 */
export function splitTools(
  tools: WireTools,
  { backend, capabilities }: Pick<SessionContext, 'backend' | 'capabilities'>,
): { readonly functions: WireFunction[]; readonly servers: readonly ToolServer[] | null } {
  const functions: WireFunction[] = [];
  const servers = new Map<string, ToolServer>();
  for (const [index, tool] of tools.entries()) {
    if (tool.type === 'function') {
      functions.push(tool);
      continue;
    }
    const param = `session.tools[${index}]`;
    if (capabilities.toolServers !== true) {
      throw unsupported(`${param}.type`, 'An MCP tool', backend);
    }
    if (placeKeys.filter((key) => typeof tool[key] === 'string').length !== 1) {
      const message = `An MCP tool has exactly one of ${placeKeys.join(', ')}.`;
      throw new CallError('invalid_value', message, { param });
    }
    if (servers.has(tool.server_label)) {
      const message = 'Two MCP tools have one label.';
      throw new CallError('invalid_value', message, { param: `${param}.server_label` });
    }
    servers.set(tool.server_label, readServer(tool));
  }
  const able = capabilities.toolServers === true;
  return { functions, servers: able ? [...servers.values()] : null };
}

function readServer(tool: Exclude<WireTools[number], WireFunction>): ToolServer {
  const { server_label: label, server_url: url } = tool;
  const shown = Object.fromEntries(
    shownKeys.flatMap((key) => (tool[key] === undefined ? [] : [[key, tool[key]]])),
  );
  const place = typeof url === 'string' ? { server_url: addressOf(url) } : {};
  return new ToolServer(label, { type: 'mcp', server_label: label, ...place, ...shown }, tool);
}

/** Where a server is, without what may be a key: some have theirs in the path. */
function addressOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}

/** A server as the session shows it. */
export function writeServer({ label, shown }: ToolServer): EffectiveSession['tools'][number] {
  return { ...shown, type: 'mcp', server_label: label };
}

/** The client's word on a call that waits for it. */
export function readApproval(
  item: ClientItem & { readonly type: 'mcp_approval_response' },
): ClientCommand {
  const { id, approval_request_id: approvalId, approve, reason } = item;
  return {
    type: 'server_tool.approve',
    itemId: id ?? null,
    approvalId,
    approve,
    reason: reason ?? null,
  };
}

/** A call that the upstream ran, or runs. */
export function callItem(
  { itemId, name, arguments: args }: Pick<ToolCallItem, 'itemId' | 'name' | 'arguments'>,
  { server, approvalId, output, error }: RanOn,
): ServerItem {
  return {
    type: 'mcp_call',
    id: itemId,
    server_label: server,
    name,
    arguments: args,
    output,
    error: error === null ? null : writeError(error),
    approval_request_id: approvalId,
  };
}

/** The tools that a server has. */
export function listItem(id: string, server: string, tools: readonly ServerTool[]): ServerItem {
  return {
    type: 'mcp_list_tools',
    id,
    server_label: server,
    tools: tools.map(({ name, description, parameters }) => ({
      name,
      description: description ?? '',
      input_schema: { ...parameters },
    })),
  };
}

function writeError({ kind, code, message }: ServerToolError): McpError {
  switch (kind) {
    case 'tool':
      return { type: 'tool_execution_error', message };
    case 'http':
      return { type: 'http_error', code: code ?? 0, message };
    case 'protocol':
      return { type: 'protocol_error', code: code ?? 0, message };
  }
}
