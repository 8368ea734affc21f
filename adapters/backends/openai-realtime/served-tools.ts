import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';
import type { BackendCommand, BackendEvent } from '../../../src/ports/backend.ts';
import type { ServerToolEvent } from '../../../src/ports/tool-servers.ts';
import type { Counters } from './counters.ts';
import { requestId } from './request-id.ts';
import { ServerBook, type RanCall } from './server-book.ts';
import type { Sighting } from './server-sightings.ts';

export interface ServedToolsOptions {
  readonly counters: Counters;
  /** Line of a response; `null` where it is over. */
  readonly lineOf: (responseId: string) => string | null;
  readonly emit: (event: BackendEvent) => void;
  readonly write: (event: ClientEvent) => void;
  readonly onRan: (call: RanCall) => void;
}

/** Tools that the upstream runs: what it tells of them, and the client's word on them. */
export class ServedTools {
  readonly #options: ServedToolsOptions;
  readonly #book: ServerBook;

  constructor(options: ServedToolsOptions) {
    this.#options = options;
    this.#book = new ServerBook(options.onRan);
  }

  /** See {@link ServerBook.busy}. */
  get busy(): boolean {
    return this.#book.busy;
  }

  take(sighting: Sighting): void {
    this.#tell(this.#book.take(sighting, this.#options.lineOf));
  }

  approve({
    itemId,
    approvalId,
    approve,
    reason,
  }: BackendCommand & { readonly type: 'server_tool.approve' }): void {
    const { counters, write } = this.#options;
    // Another connection was never asked.
    if (!this.#book.approved(approvalId, approve)) {
      counters.commandsUnmatched += 1;
      return;
    }
    write({
      type: 'conversation.item.create',
      event_id: requestId('item', itemId),
      item: {
        type: 'mcp_approval_response',
        approval_request_id: approvalId,
        approve,
        ...(reason === null ? {} : { reason }),
      },
    });
  }

  /** The connection is another one, which runs nothing yet. */
  lost(): void {
    this.#tell(this.#book.lost());
  }

  #tell(events: readonly ServerToolEvent[]): void {
    const { counters, emit } = this.#options;
    for (const event of events) {
      if (event.what === 'called') counters.serverToolsRun += 1;
      emit({ type: 'server_tool', event });
    }
  }
}
