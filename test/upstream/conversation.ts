/** An item as the stand-in remembers it. */
export interface RememberedItem {
  id: string;
  type: 'message' | 'function_call' | 'function_call_output' | McpItemType;
  role: 'system' | 'user' | 'assistant' | null;
  status: 'in_progress' | 'completed' | 'incomplete';
  /** Words of it; empty where a truncation deleted them. */
  text: string;
  /** Audio of it, ms; `null` where it has none. */
  audioMs: number | null;
  callId: string | null;
  name: string | null;
  /** Everything but id and type of an item about MCP. */
  mcp?: object;
}

/** Items about tools that the server runs. */
export type McpItemType =
  'mcp_list_tools' | 'mcp_call' | 'mcp_approval_request' | 'mcp_approval_response';

/** A rule of the wire was broken: what an `error` event says. */
export class WireError extends Error {
  readonly code: string;
  readonly param: string | null;

  constructor(code: string, message: string, param: string | null = null) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.param = param;
  }
}

/** What the model would believe was said, in order, kept by the vendor's rules. */
export class Conversation {
  readonly items: RememberedItem[] = [];

  /**
   * @param after absent = at the end, `root` = in front
   * @returns id of the item before it
   * @throws WireError where there is no such place, or the id is taken
   */
  add(item: RememberedItem, after?: string | null): string | null {
    if (this.items.some(({ id }) => id === item.id)) {
      throw new WireError(
        'item_create_id_exists',
        `Item with item_id '${item.id}' already exists.`,
      );
    }
    if (item.type === 'function_call_output' && !this.#hasCall(item.callId)) {
      throw new WireError(
        'invalid_tool_call_id',
        `Tool call ID '${item.callId ?? ''}' not found in conversation.`,
      );
    }
    if (after === 'root') {
      this.items.unshift(item);
      return null;
    }
    if (after === undefined || after === null) {
      this.items.push(item);
      return this.items.at(-2)?.id ?? null;
    }
    const place = this.#placeOf(after, 'previous_item_id');
    this.items.splice(place + 1, 0, item);
    return after;
  }

  /** @throws WireError where there is none */
  get(id: string): RememberedItem {
    return this.items[this.#placeOf(id, 'item_id')]!;
  }

  /** @throws WireError where there is none */
  delete(id: string): void {
    this.items.splice(this.#placeOf(id, 'item_id'), 1);
  }

  /** @throws WireError where the item has no agent audio, or less than that */
  truncate(id: string, audioEndMs: number): void {
    const item = this.get(id);
    if (item.role !== 'assistant' || item.audioMs === null) {
      throw new WireError(
        'unsupported_content_type',
        'Only model output audio messages can be truncated',
      );
    }
    if (audioEndMs > item.audioMs) {
      throw new WireError(
        'invalid_value',
        `Audio content of ${Math.floor(item.audioMs)}ms is already shorter than ${audioEndMs}ms`,
      );
    }
    item.audioMs = audioEndMs;
    item.text = '';
  }

  #hasCall(callId: string | null): boolean {
    return this.items.some((item) => item.type === 'function_call' && item.callId === callId);
  }

  #placeOf(id: string, param: string): number {
    const place = this.items.findIndex((item) => item.id === id);
    if (place < 0) {
      throw new WireError('item_not_found', `Item with item_id '${id}' not found.`, param);
    }
    return place;
  }
}
