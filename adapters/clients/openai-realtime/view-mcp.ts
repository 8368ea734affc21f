import type { ServerItem } from '../../../protocol/openai-realtime/items.ts';
import type { ServerEventBody } from '../../../protocol/openai-realtime/server-events.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import { callItem, listItem } from './mcp.ts';
import type { LineView } from './view-line.ts';

type Events = readonly ServerEventBody[];
type Entry = LogEntry & { readonly type: 'server_tool' };
type Of<What extends Entry['event']['what']> = Entry['event'] & { readonly what: What };

/** Items that are remembered (a count); the oldest are forgotten. */
const itemLimit = 128;

/** A call that runs, and where it was shown. */
interface Running {
  readonly event: Of<'called'>;
  /** Where its item stands in its response; `null` where it was asked for in none that is open. */
  readonly place: { readonly responseId: string; readonly outputIndex: number } | null;
  readonly previousItemId: string | null;
}

/**
 * Tools that the upstream runs, as the wire shows them. Lists and approvals are items here, though
 * the conversation knows nothing of them: stock clients ask for each that they are told of.
 */
export class ServerToolsView {
  readonly #items = new Map<string, ServerItem>();
  readonly #running = new Map<string, Running>();

  /** A list or an approval; calls are in the conversation. */
  item(itemId: string): ServerItem | undefined {
    return this.#items.get(itemId);
  }

  entry(
    { event, previousItemId }: Entry,
    lineOf: (lineId: string) => LineView | undefined,
  ): Events {
    switch (event.what) {
      case 'listing': {
        const item = this.#keep(listItem(event.listId, event.server, []));
        return [
          { type: 'conversation.item.added', previous_item_id: previousItemId, item },
          { type: 'mcp_list_tools.in_progress', item_id: event.listId },
        ];
      }
      case 'listed':
        return this.#listed(event);
      case 'called':
        return this.#called(event, previousItemId, lineAt(event, lineOf));
      case 'answered':
        return this.#answered(event, lineOf);
      case 'approval':
        return this.#approval(event, previousItemId, lineAt(event, lineOf));
      case 'approved': {
        const item = this.#keep({
          type: 'mcp_approval_response',
          id: event.itemId,
          approval_request_id: event.approvalId,
          approve: event.approve,
          reason: event.reason,
        });
        return addedAndDone(item, previousItemId);
      }
    }
  }

  #listed({ listId, server, tools }: Of<'listed'>): Events {
    if (tools === null) return [{ type: 'mcp_list_tools.failed', item_id: listId }];
    const item = this.#keep(listItem(listId, server, tools));
    return [
      { type: 'mcp_list_tools.completed', item_id: listId },
      { type: 'conversation.item.done', previous_item_id: null, item },
    ];
  }

  #called(event: Of<'called'>, previousItemId: string | null, line: LineView | undefined): Events {
    const { callId, server, approvalId, arguments: args } = event;
    const ranOn = { server, approvalId, output: null, error: null };
    const item = callItem({ ...event, itemId: callId }, ranOn);
    const place =
      line === undefined ? null : { responseId: line.responseId, outputIndex: line.output(item) };
    this.#running.set(callId, { event, place, previousItemId });
    const begun = callItem({ ...event, itemId: callId, arguments: '' }, ranOn);
    const added = { type: 'conversation.item.added', previous_item_id: previousItemId } as const;
    const runs = {
      type: 'response.mcp_call.in_progress',
      output_index: place?.outputIndex ?? 0,
      item_id: callId,
    } as const;
    if (place === null) return [{ ...added, item }, runs];
    const inResponse = { response_id: place.responseId, output_index: place.outputIndex };
    const ofCall = { ...inResponse, item_id: callId };
    return [
      { type: 'response.output_item.added', ...inResponse, item: begun },
      { ...added, item: begun },
      { type: 'response.mcp_call_arguments.delta', ...ofCall, delta: args, obfuscation: '' },
      { type: 'response.mcp_call_arguments.done', ...ofCall, arguments: args },
      runs,
    ];
  }

  #answered(
    { callId, output, error }: Of<'answered'>,
    lineOf: (lineId: string) => LineView | undefined,
  ): Events {
    const running = this.#running.get(callId);
    if (running === undefined) return [];
    this.#running.delete(callId);
    const { event, place, previousItemId } = running;
    const { server, approvalId } = event;
    const ranOn = { server, approvalId, output: error === null ? (output ?? '') : null, error };
    const item = callItem({ ...event, itemId: callId }, ranOn);
    const line = lineAt(event, lineOf);
    const inResponse: ServerEventBody[] = [];
    if (place !== null && line !== undefined) {
      line.replaceOutput(place.outputIndex, item);
      const { responseId: response_id, outputIndex: output_index } = place;
      inResponse.push({ type: 'response.output_item.done', response_id, output_index, item });
    }
    return [
      {
        type: error === null ? 'response.mcp_call.completed' : 'response.mcp_call.failed',
        output_index: place?.outputIndex ?? 0,
        item_id: callId,
      },
      ...inResponse,
      { type: 'conversation.item.done', previous_item_id: previousItemId, item },
    ];
  }

  #approval(
    { approvalId, server, name, arguments: args }: Of<'approval'>,
    previousItemId: string | null,
    line: LineView | undefined,
  ): Events {
    const item = this.#keep({
      type: 'mcp_approval_request',
      id: approvalId,
      server_label: server,
      name,
      arguments: args,
    });
    const events = addedAndDone(item, previousItemId);
    if (line === undefined) return events;
    const inResponse = { response_id: line.responseId, output_index: line.output(item) };
    const [added, done] = events;
    return [
      { type: 'response.output_item.added', ...inResponse, item },
      added,
      { type: 'response.output_item.done', ...inResponse, item },
      done,
    ];
  }

  #keep(item: ServerItem): ServerItem {
    this.#items.delete(item.id);
    this.#items.set(item.id, item);
    const [oldest] = this.#items.keys();
    if (this.#items.size > itemLimit && oldest !== undefined) this.#items.delete(oldest);
    return item;
  }
}

function lineAt(
  { lineId }: { readonly lineId: string | null },
  lineOf: (lineId: string) => LineView | undefined,
): LineView | undefined {
  return lineId === null ? undefined : lineOf(lineId);
}

function addedAndDone(
  item: ServerItem,
  previousItemId: string | null,
): readonly [ServerEventBody, ServerEventBody] {
  const placed = { previous_item_id: previousItemId, item };
  return [
    { type: 'conversation.item.added', ...placed },
    { type: 'conversation.item.done', ...placed },
  ];
}
