import type { ServerTool, ServerToolError } from '../../../src/ports/tool-servers.ts';
import type { UpstreamItem } from './wire.ts';

/** A call on a server as far as one of its items tells it. */
export interface CallItem {
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
  readonly approvalId: string | null;
  readonly output: string | null;
  readonly error: ServerToolError | null;
}

/**
 * What one event tells of a tool that the upstream runs. The same thing is told by several events,
 * in an order that nobody has written down.
 */
export type Sighting =
  | {
      readonly kind: 'list';
      readonly itemId: string;
      readonly server: string;
      readonly tools: readonly ServerTool[];
      readonly done: boolean;
    }
  | { readonly kind: 'list.completed'; readonly itemId: string }
  | { readonly kind: 'list.failed'; readonly itemId: string }
  | {
      readonly kind: 'call';
      readonly itemId: string;
      readonly responseId: string | null;
      readonly item: CallItem;
      readonly done: boolean;
    }
  | { readonly kind: 'call.arguments'; readonly itemId: string; readonly arguments: string }
  | { readonly kind: 'call.running'; readonly itemId: string }
  | { readonly kind: 'call.ended'; readonly itemId: string }
  | {
      readonly kind: 'approval';
      readonly itemId: string;
      readonly responseId: string | null;
      readonly server: string;
      readonly name: string;
      readonly arguments: string;
      readonly done: boolean;
    };

/** @returns `null` for an item that is about no such tool */
export function itemSighting(
  item: UpstreamItem | null | undefined,
  responseId: string | null,
  done: boolean,
): Sighting | null {
  if (!item?.id) return null;
  const { id: itemId, type } = item;
  const server = item.server_label ?? '';
  const called = { server, name: item.name ?? '', arguments: item.arguments ?? '' };
  switch (type) {
    case 'mcp_list_tools': {
      const tools = (item.tools ?? []).map(({ name, description, input_schema }) => ({
        name,
        description: description ?? null,
        parameters: input_schema ?? {},
      }));
      return { kind: 'list', itemId, server, tools, done };
    }
    case 'mcp_call':
    case 'mcp_tool_call': {
      const approvalId = item.approval_request_id ?? null;
      const result = { output: item.output ?? null, error: errorOf(item.error) };
      return { kind: 'call', itemId, responseId, item: { ...called, approvalId, ...result }, done };
    }
    case 'mcp_approval_request':
      return { kind: 'approval', itemId, responseId, ...called, done };
    default:
      return null;
  }
}

function errorOf(error: UpstreamItem['error']): ServerToolError | null {
  if (!error) return null;
  const { type } = error;
  const kind = type === 'http_error' ? 'http' : type === 'protocol_error' ? 'protocol' : 'tool';
  return { kind, code: error.code ?? null, message: error.message ?? 'no reason was given' };
}
