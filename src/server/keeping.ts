import type { Logger } from '../ports/log.ts';
import type { RecordingPort } from '../ports/recording.ts';
import type { StorePort } from '../ports/store.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';
import { CallNews } from '../webhooks/call-news.ts';
import { CallBook } from './call-book.ts';
import { CallRecordings } from './call-recordings.ts';
import type { KeepingConfig } from './config-keeping.ts';
import { MemoryStore } from './memory-store.ts';

export interface KeepingOptions {
  readonly config: KeepingConfig;
  /** Keeps finished calls; `null`: memory does. Owned. */
  readonly store: StorePort | null;
  /** Makes what keeps recordings, when the first call is to be recorded; `null`: none is. */
  readonly createRecordings: (() => RecordingPort) | null;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/** What is written down of calls, and who is told about them. */
export class Keeping {
  readonly book: CallBook;
  readonly recordings: CallRecordings;
  readonly news: CallNews;
  readonly #store: StorePort;

  constructor({ config, store, createRecordings, clock, ids, log }: KeepingOptions) {
    const keeper = store ?? new MemoryStore();
    const news = new CallNews({
      listeners: config.webhooks,
      clock,
      ids,
      isoTime: (epochMs) => new Date(epochMs).toISOString(),
      tell: (deliveries) => keeper.tell(deliveries),
    });
    this.#store = keeper;
    this.news = news;
    this.book = new CallBook({ store: keeper, deliveriesOf: (record) => news.finished(record) });
    this.recordings = new CallRecordings({ create: createRecordings, clock, log });
  }

  /** For `/metrics`. */
  figures(): Readonly<Record<'store' | 'recordings', Readonly<Record<string, number>>>> {
    return { store: this.#store.figures(), recordings: this.recordings.figures() };
  }

  /** Writes what waits. Never rejects. */
  async close(): Promise<void> {
    await Promise.all([this.recordings.close(), this.#store.close()]);
  }
}
