import type { LogEntry } from '../ports/events.ts';
import type { ObservedCall, ObserverPort } from '../ports/observer.ts';
import type { CallQuery, CallRecord, Delivery, StoredCall, StorePort } from '../ports/store.ts';
import { isFound, summaryText } from './call-search.ts';
import type { LogRedaction } from './redaction.ts';
import { RecordFold, type RecordHeader } from './records.ts';

/** One who follows a call. Must be quick and must not throw. */
export interface CallFollower {
  entry(entry: LogEntry): void;
  /** No more entries will come. */
  ended(): void;
}

/** What following a call gives: the entries kept so far, and a way to stop. */
export interface Following {
  readonly past: readonly LogEntry[];
  stop(): void;
}

interface OpenPage {
  readonly fold: RecordFold;
  /** Takes out what may not be written down or shown. */
  readonly redaction: LogRedaction | null;
  /** The newest entries, oldest first. */
  events: LogEntry[];
  readonly followers: Set<CallFollower>;
}

export interface CallBookOptions {
  readonly store: StorePort;
  /** What is to be told about a call that is over. */
  readonly deliveriesOf?: (record: CallRecord) => readonly Delivery[];
  /** Most log entries kept of a running call (a count); older ones are gone. */
  readonly entryLimit?: number;
}

/** Writes down what calls log: the running ones here, the finished ones in the store. */
export class CallBook implements ObserverPort {
  readonly #store: StorePort;
  readonly #entryLimit: number;
  readonly #deliveriesOf: (record: CallRecord) => readonly Delivery[];
  readonly #open = new Map<string, OpenPage>();
  #forgotten = 0;

  constructor({ store, deliveriesOf = () => [], entryLimit = 5_000 }: CallBookOptions) {
    this.#store = store;
    this.#deliveriesOf = deliveriesOf;
    this.#entryLimit = entryLimit;
  }

  /** Log entries that were let go for room. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** A call begins. */
  open(header: RecordHeader, redaction: LogRedaction | null = null): void {
    this.#open.set(header.callId, {
      fold: new RecordFold(header),
      redaction,
      events: [],
      followers: new Set(),
    });
  }

  entry({ callId }: ObservedCall, logged: LogEntry): void {
    const page = this.#open.get(callId);
    if (page === undefined) return;
    const entry = page.redaction?.entry(logged) ?? logged;
    page.fold.push(entry);
    page.events.push(entry);
    // Cut in big steps: once per quarter of the limit instead of once per entry.
    if (page.events.length > this.#entryLimit * 1.25) {
      this.#forgotten += page.events.length - this.#entryLimit;
      page.events = page.events.slice(-this.#entryLimit);
    }
    for (const follower of page.followers) follower.entry(entry);
  }

  /** A call is over and logs nothing any more. @returns what is kept of it */
  close(callId: string): CallRecord | undefined {
    const page = this.#open.get(callId);
    if (page === undefined) return undefined;
    this.#open.delete(callId);
    const record = page.fold.record(page.events);
    this.#store.put(record, this.#deliveriesOf(record));
    for (const follower of page.followers) follower.ended();
    page.followers.clear();
    return record;
  }

  /** Rejects with `CallError` where the store cannot be asked. */
  async get(callId: string): Promise<StoredCall | undefined> {
    const page = this.#open.get(callId);
    if (page === undefined) return await this.#store.get(callId);
    const record = page.fold.record([...page.events]);
    return { agent: record.agent, out: record.out, json: JSON.stringify(record) };
  }

  /**
   * Running calls first, newest first among each: each the JSON of a record without its log, with
   * `active`. Rejects with `CallError` where the store cannot be asked.
   */
  async list(query: CallQuery): Promise<readonly string[]> {
    const running = query.before === null ? this.#running(query) : [];
    const limit = query.limit - running.length;
    const over = limit > 0 ? await this.#store.list({ ...query, limit }) : [];
    return [
      ...running.map((text) => withActive(text, true)),
      ...over.map((text) => withActive(text, false)),
    ];
  }

  /**
   * Follows a call from after `afterSeq` on. A finished one gives its past and ends at once.
   * Rejects with `CallError` where the store cannot be asked.
   *
   * @returns `undefined` when no such call is known
   */
  async follow(
    callId: string,
    afterSeq: number,
    follower: CallFollower,
  ): Promise<Following | undefined> {
    const page = this.#open.get(callId);
    if (page !== undefined) {
      page.followers.add(follower);
      return {
        past: page.events.filter(({ seq }) => seq > afterSeq),
        stop: () => void page.followers.delete(follower),
      };
    }
    const stored = await this.#store.get(callId);
    if (stored === undefined) return undefined;
    const { events } = JSON.parse(stored.json) as CallRecord;
    queueMicrotask(() => follower.ended());
    return { past: events.filter(({ seq }) => seq > afterSeq), stop: () => undefined };
  }

  #running(query: CallQuery): readonly string[] {
    return [...this.#open.values()]
      .reverse()
      .map(({ fold }) => fold.record([]))
      .filter((record) => isFound(record, query))
      .slice(0, query.limit)
      .map(summaryText);
  }
}

function withActive(json: string, active: boolean): string {
  return `${json.slice(0, -1)},"active":${active}}`;
}
