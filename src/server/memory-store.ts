import type { CallRecord, StorePort } from '../ports/store.ts';

export interface MemoryStoreOptions {
  /** Most finished calls kept (a count). */
  readonly callLimit?: number;
  /** Most log entries kept over all calls (a count); the oldest calls lose theirs first. */
  readonly entryLimit?: number;
}

/** Finished calls in memory, for servers without a database. The oldest make room. */
export class MemoryStore implements StorePort {
  readonly #callLimit: number;
  readonly #entryLimit: number;
  /** Oldest first. */
  readonly #records = new Map<string, CallRecord>();
  #entries = 0;
  #evicted = 0;
  #stripped = 0;

  constructor({ callLimit = 1_000, entryLimit = 250_000 }: MemoryStoreOptions = {}) {
    this.#callLimit = callLimit;
    this.#entryLimit = entryLimit;
  }

  /** Calls that were forgotten for room. */
  get evicted(): number {
    return this.#evicted;
  }

  /** Calls that lost their log entries for room. */
  get stripped(): number {
    return this.#stripped;
  }

  put(record: CallRecord): void {
    this.#forget(record.callId);
    this.#records.set(record.callId, record);
    this.#entries += record.events.length;
    while (this.#records.size > this.#callLimit) {
      const oldest = this.#records.keys().next().value!;
      this.#forget(oldest);
      this.#evicted += 1;
    }
    for (const [callId, old] of this.#records) {
      if (this.#entries <= this.#entryLimit) break;
      if (old.events.length === 0) continue;
      this.#entries -= old.events.length;
      this.#records.set(callId, { ...old, events: [] });
      this.#stripped += 1;
    }
  }

  get(callId: string): CallRecord | undefined {
    return this.#records.get(callId);
  }

  list(limit: number): readonly CallRecord[] {
    const newest = [...this.#records.values()].reverse();
    return newest.slice(0, Math.max(0, limit));
  }

  #forget(callId: string): void {
    const old = this.#records.get(callId);
    if (old === undefined) return;
    this.#entries -= old.events.length;
    this.#records.delete(callId);
  }
}
