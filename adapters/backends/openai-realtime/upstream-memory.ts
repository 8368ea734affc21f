import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';
import type { BackendCommand } from '../../../src/ports/backend.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import type { Counters } from './counters.ts';
import { wireItem } from './encode.ts';
import { ItemIds } from './item-ids.ts';
import { LineBook } from './line-book.ts';
import { Recollection, type Retold } from './recollection.ts';
import { requestId } from './request-id.ts';
import type { RanCall } from './server-book.ts';

export interface UpstreamMemoryOptions {
  /** Of the session's output format. */
  readonly bytesPerMs: number;
  /** The upstream can be told how much was heard. */
  readonly truncates: boolean;
  readonly counters: Counters;
  readonly ids: IdSource;
  readonly write: (event: ClientEvent) => void;
}

/** Makes the conversation that the upstream remembers the one that was heard. */
export class UpstreamMemory {
  readonly ids = new ItemIds();
  readonly lines: LineBook;
  readonly words = new Recollection();
  readonly #options: UpstreamMemoryOptions;

  constructor(options: UpstreamMemoryOptions) {
    this.#options = options;
    this.lines = new LineBook(options.bytesPerMs);
  }

  /** An item without words cannot be told, and is counted. */
  add({ item, afterItemId }: BackendCommand & { readonly type: 'item.add' }): void {
    const { counters, ids, write } = this.#options;
    const written = wireItem(item);
    if (written === null) {
      counters.itemsSkipped += 1;
      return;
    }
    const after = typeof afterItemId === 'string' ? this.ids.upstream(afterItemId) : afterItemId;
    if (typeof afterItemId === 'string' && after === undefined) counters.commandsUnmatched += 1;
    const id = this.ids.add(item.itemId, () => ids.next('item'));
    this.words.told(id, item, after);
    write({
      type: 'conversation.item.create',
      event_id: requestId('item', id),
      ...(after === undefined ? {} : { previous_item_id: after ?? 'root' }),
      item: { ...written, id },
    });
  }

  /** The upstream ran a tool by itself. */
  ran(call: RanCall): void {
    this.ids.add(call.callId, () => call.callId);
    this.words.ran(call);
  }

  delete(itemId: string): void {
    const upstreamId = this.ids.delete(itemId);
    if (upstreamId === undefined) this.#options.counters.commandsUnmatched += 1;
    else if (upstreamId !== null) {
      this.words.delete(upstreamId);
      this.#deleteUpstream(upstreamId);
    }
  }

  /** The upstream has given a committed turn its name. */
  named(upstreamId: string): void {
    if (this.ids.named(upstreamId)) this.#deleteUpstream(upstreamId);
    else this.words.turn(upstreamId);
  }

  /** @param finished nothing more of the line will come */
  truncate(
    { lineId, heardMs, heardText }: BackendCommand & { readonly type: 'truncate' },
    finished: boolean,
  ): void {
    const { counters, ids, truncates, write } = this.#options;
    const receivedMs = this.lines.receivedMs(lineId);
    const share = receivedMs === 0 ? 0 : heardMs / receivedMs;
    const rewrite = this.words.cut(lineId, heardText ?? share, () => ids.next('item'));
    if (rewrite !== null) {
      this.#deleteUpstream(rewrite.replaces);
      this.#tell(rewrite, rewrite.afterId ?? 'root');
    }
    if (!truncates) return;
    const requests = this.lines.truncate(lineId, heardMs, finished);
    if (requests === null) counters.commandsUnmatched += 1;
    for (const request of requests ?? []) {
      write({ ...request, event_id: requestId('truncate', lineId) });
    }
  }

  /** Tells another connection everything. */
  retell(): void {
    const { counters, ids } = this.#options;
    const { items, lost } = this.words.retell(() => ids.next('item'));
    this.lines.forgetItems();
    this.ids.lostUnnamed();
    for (const id of lost) this.ids.lost(id);
    counters.itemsSkipped += lost.length;
    for (const retold of items) this.#tell(retold);
  }

  #tell({ id, item }: Retold, after?: string): void {
    const written = wireItem(item);
    // A line of which nothing was heard is none.
    if (written === null) return;
    this.#options.write({
      type: 'conversation.item.create',
      event_id: requestId('item', id),
      ...(after === undefined ? {} : { previous_item_id: after }),
      item: { ...written, id },
    });
  }

  #deleteUpstream(upstreamId: string): void {
    this.#options.write({
      type: 'conversation.item.delete',
      event_id: requestId('item', upstreamId),
      item_id: upstreamId,
    });
  }
}
