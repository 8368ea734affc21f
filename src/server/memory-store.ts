import type { CallQuery, CallRecord, StoredCall, StorePort } from '../ports/store.ts';
import { isFound, summaryText } from './call-search.ts';

export interface MemoryStoreOptions {
  /** Most finished calls kept (a count). */
  readonly callLimit?: number;
  /** Most log entries kept over all calls (a count); the oldest calls lose theirs first. */
  readonly entryLimit?: number;
  /** Most memory for all of it (bytes, estimated); logs go first, oldest first, then calls. */
  readonly byteLimit?: number;
}

/** A call as it is kept, with what it is thought to take. */
interface Kept {
  readonly record: CallRecord;
  /** All but the log, bytes. */
  readonly recordBytes: number;
  /** The log, bytes. */
  readonly logBytes: number;
}

/** Finished calls in memory, for servers without a database. The oldest make room. */
export class MemoryStore implements StorePort {
  readonly #callLimit: number;
  readonly #entryLimit: number;
  readonly #byteLimit: number;
  /** Oldest first. */
  readonly #kept = new Map<string, Kept>();
  #entries = 0;
  #bytes = 0;
  #evicted = 0;
  #stripped = 0;

  constructor({
    callLimit = 1_000,
    entryLimit = 250_000,
    byteLimit = 256 * 1024 * 1024,
  }: MemoryStoreOptions = {}) {
    this.#callLimit = callLimit;
    this.#entryLimit = entryLimit;
    this.#byteLimit = byteLimit;
  }

  /** What the kept calls are thought to take, bytes. */
  get bytes(): number {
    return this.#bytes;
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
    const { events, ...rest } = record;
    const kept = { record, recordBytes: bytesOf(rest), logBytes: bytesOf(events) };
    this.#kept.set(record.callId, kept);
    this.#entries += events.length;
    this.#bytes += kept.recordBytes + kept.logBytes;
    while (this.#kept.size > this.#callLimit) this.#evictOldest();
    for (const [callId, { record: old, recordBytes, logBytes }] of this.#kept) {
      if (this.#entries <= this.#entryLimit && this.#bytes <= this.#byteLimit) break;
      if (old.events.length === 0) continue;
      this.#entries -= old.events.length;
      this.#bytes -= logBytes;
      this.#kept.set(callId, { record: { ...old, events: [] }, recordBytes, logBytes: 0 });
      this.#stripped += 1;
    }
    while (this.#bytes > this.#byteLimit && this.#kept.size > 0) this.#evictOldest();
  }

  /** Nobody can be told by what is in memory alone. */
  tell(): void {
    return;
  }

  find(callId: string): CallRecord | undefined {
    return this.#kept.get(callId)?.record;
  }

  /** Newest first. */
  newest(limit: number): readonly CallRecord[] {
    const newest = [...this.#kept.values()].reverse();
    return newest.slice(0, Math.max(0, limit)).map(({ record }) => record);
  }

  get(callId: string): Promise<StoredCall | undefined> {
    const record = this.find(callId);
    if (record === undefined) return Promise.resolve(undefined);
    return Promise.resolve({ agent: record.agent, out: record.out, json: JSON.stringify(record) });
  }

  list(query: CallQuery): Promise<readonly string[]> {
    const all = this.newest(this.#kept.size);
    const from = all.findIndex(({ callId }) => callId === query.before) + 1;
    const found = all.slice(from).filter((record) => isFound(record, query));
    return Promise.resolve(found.slice(0, query.limit).map(summaryText));
  }

  figures(): Readonly<Record<string, number>> {
    const { size } = this.#kept;
    return { kept: size, bytes: this.#bytes, evicted: this.#evicted, stripped: this.#stripped };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #evictOldest(): void {
    this.#forget(this.#kept.keys().next().value!);
    this.#evicted += 1;
  }

  #forget(callId: string): void {
    const old = this.#kept.get(callId);
    if (old === undefined) return;
    this.#entries -= old.record.events.length;
    this.#bytes -= old.recordBytes + old.logBytes;
    this.#kept.delete(callId);
  }
}

/** What a value and its reference are taken to need besides their content, bytes. */
const valueBytes = 16;

/**
 * What plain data is thought to take, bytes: two for each character of a string, and something
 * for each value. A walk, not its JSON: calls end while others talk, and a long text costs nothing
 * to look at. What is shared counts once for each place.
 */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return valueBytes + 2 * value.length;
  if (typeof value !== 'object' || value === null) return valueBytes;
  let bytes = valueBytes;
  // Keys are left out: they are few, and shared among objects of a kind.
  for (const part of Object.values(value)) bytes += bytesOf(part);
  return bytes;
}
