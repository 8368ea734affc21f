import { CallError } from '../ports/errors.ts';
import type { ConversationItem, ItemContent, MessageItem } from '../ports/conversation.ts';
import type { LineTrack } from './line-track.ts';

/** Items kept in memory (a count); the oldest are forgotten and counted. */
const itemLimit = 2000;

type Entry =
  | { readonly kind: 'item'; readonly itemId: string; item: ConversationItem }
  | { readonly kind: 'line'; readonly itemId: string; readonly track: LineTrack };

/** When and how far the ear is, for agent lines that still play. */
export interface HeardAt {
  readonly nowMs: number;
  readonly roundTripMs: number;
}

/**
 * The conversation as both sides know it. Agent lines are looked up when asked for, so that what
 * they "said" is always what has been heard by then.
 */
export class Conversation {
  #entries: Entry[] = [];
  #forgotten = 0;
  /** Ids that were shown before their items exist. */
  readonly #reserved = new Set<string>();

  get length(): number {
    return this.#entries.length;
  }

  /** Items that the limit has pushed out. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get lastItemId(): string | null {
    return this.#entries.at(-1)?.itemId ?? null;
  }

  has(itemId: string): boolean {
    return this.#find(itemId) !== undefined;
  }

  /** Keeps an id for the item that will come under it. Whoever reserves it releases it. */
  reserve(itemId: string): void {
    this.#reserved.add(itemId);
  }

  /** The item came, or it never will. Idempotent. */
  release(itemId: string): void {
    this.#reserved.delete(itemId);
  }

  /** Whether an id is in use, be it for an item that is still to come. */
  taken(itemId: string): boolean {
    return this.#reserved.has(itemId) || this.has(itemId);
  }

  /**
   * @param after an item id, `root` for the front, `null` for the end
   * @returns the item before the new one
   * @throws CallError `item_exists`, `item_not_found`
   */
  add(item: ConversationItem, after: string | null): string | null {
    return this.#insert({ kind: 'item', itemId: item.itemId, item }, after);
  }

  /** Puts a line where it was announced: behind the item that was last when it was opened. */
  addLine(track: LineTrack): void {
    const { itemId, previousItemId } = track.line;
    const after =
      previousItemId === null ? 'root' : this.has(previousItemId) ? previousItemId : null;
    this.#insert({ kind: 'line', itemId, track }, after);
    track.placed = true;
  }

  /** @throws CallError `item_not_found` when `after` names no place */
  check(after: string | null): void {
    this.#indexAfter(after);
  }

  delete(itemId: string): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.itemId !== itemId);
    return this.#entries.length < before;
  }

  /** The agent line behind an item, if it is one. */
  line(itemId: string): LineTrack | undefined {
    const entry = this.#find(itemId);
    return entry?.kind === 'line' ? entry.track : undefined;
  }

  item(itemId: string, at: HeardAt): ConversationItem | undefined {
    const entry = this.#find(itemId);
    return entry === undefined ? undefined : asItem(entry, at);
  }

  items(at: HeardAt): readonly ConversationItem[] {
    return this.#entries.map((entry) => asItem(entry, at));
  }

  /** Puts an item in the place of the one with its id. Does nothing when that is gone. */
  replace(item: ConversationItem): void {
    const entry = this.#find(item.itemId);
    if (entry?.kind === 'item') entry.item = item;
  }

  /** Puts a transcript on the caller's audio. Does nothing when the item is gone. */
  transcribe(itemId: string, transcript: string): void {
    const entry = this.#find(itemId);
    if (entry?.kind !== 'item' || entry.item.kind !== 'message') return;
    const content = entry.item.content.map((part): ItemContent =>
      part.type === 'audio' ? { ...part, transcript } : part,
    );
    entry.item = { ...entry.item, content };
  }

  #find(itemId: string): Entry | undefined {
    return this.#entries.findLast((entry) => entry.itemId === itemId);
  }

  #insert(entry: Entry, after: string | null): string | null {
    if (this.has(entry.itemId)) {
      throw new CallError('item_exists', `Item ${entry.itemId} already exists.`, {
        param: 'item.id',
      });
    }
    const index = this.#indexAfter(after);
    this.#entries.splice(index, 0, entry);
    this.release(entry.itemId);
    const previousItemId = this.#entries[index - 1]?.itemId ?? null;
    if (this.#entries.length > itemLimit) {
      this.#entries.shift();
      this.#forgotten += 1;
    }
    return previousItemId;
  }

  #indexAfter(after: string | null): number {
    if (after === null) return this.#entries.length;
    if (after === 'root') return 0;
    const index = this.#entries.findIndex((entry) => entry.itemId === after);
    if (index < 0) {
      throw new CallError('item_not_found', `Item ${after} does not exist.`, {
        param: 'previous_item_id',
      });
    }
    return index + 1;
  }
}

function asItem(entry: Entry, at: HeardAt): ConversationItem {
  return entry.kind === 'item' ? entry.item : lineItem(entry.track, at);
}

/** An agent line as the item that the caller heard. */
function lineItem(track: LineTrack, { nowMs, roundTripMs }: HeardAt): MessageItem {
  const heardText = track.heardText(nowMs, roundTripMs);
  const content: ItemContent =
    track.line.modality === 'text'
      ? { type: 'text', text: heardText }
      : {
          type: 'audio',
          transcript: heardText,
          durationMs: track.heardMs(nowMs, roundTripMs),
        };
  const status = !track.closed ? 'in_progress' : track.completed ? 'completed' : 'incomplete';
  return {
    kind: 'message',
    itemId: track.line.itemId,
    role: 'assistant',
    status,
    content: [content],
  };
}
