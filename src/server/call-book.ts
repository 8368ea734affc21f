import type { LogEntry } from '../ports/events.ts';
import type { ObservedCall, ObserverPort } from '../ports/observer.ts';
import type { CallRecord, StorePort } from '../ports/store.ts';
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

/** A call in a list, without its log. */
export interface CallSummary extends Omit<CallRecord, 'events'> {
  readonly active: boolean;
}

export interface CallBookOptions {
  readonly store: StorePort;
  /** Most log entries kept of a running call (a count); older ones are gone. */
  readonly entryLimit?: number;
}

/** Writes down what calls log: the running ones here, the finished ones in the store. */
export class CallBook implements ObserverPort {
  readonly #store: StorePort;
  readonly #entryLimit: number;
  readonly #open = new Map<string, OpenPage>();
  #forgotten = 0;

  constructor({ store, entryLimit = 5_000 }: CallBookOptions) {
    this.#store = store;
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

  /** A call is over and logs nothing any more. */
  close(callId: string): void {
    const page = this.#open.get(callId);
    if (page === undefined) return;
    this.#open.delete(callId);
    this.#store.put(page.fold.record(page.events));
    for (const follower of page.followers) follower.ended();
    page.followers.clear();
  }

  get(callId: string): CallRecord | undefined {
    const page = this.#open.get(callId);
    return page === undefined ? this.#store.get(callId) : page.fold.record([...page.events]);
  }

  /** Running calls first, newest first among each. */
  list(limit: number): readonly CallSummary[] {
    const running = [...this.#open.values()].reverse().map(({ fold }) => fold.record([]));
    return [
      ...running.slice(0, limit).map((record) => summaryOf(record, true)),
      ...this.#store
        .list(Math.max(0, limit - running.length))
        .map((record) => summaryOf(record, false)),
    ];
  }

  /**
   * Follows a call from after `afterSeq` on. A finished one gives its past and ends at once.
   *
   * @returns `undefined` when no such call is known
   */
  follow(callId: string, afterSeq: number, follower: CallFollower): Following | undefined {
    const page = this.#open.get(callId);
    const events = page?.events ?? this.#store.get(callId)?.events;
    if (events === undefined) return undefined;
    const past = events.filter(({ seq }) => seq > afterSeq);
    if (page === undefined) {
      queueMicrotask(() => follower.ended());
      return { past, stop: () => undefined };
    }
    page.followers.add(follower);
    return { past, stop: () => void page.followers.delete(follower) };
  }
}

function summaryOf(record: CallRecord, active: boolean): CallSummary {
  const { callId, agent, backend, startedAt, durationMs, turns, tools, handovers, out } = record;
  const { usage, spend } = record;
  return {
    ...{ callId, agent, backend, startedAt, durationMs, turns, tools, handovers },
    ...{ usage, spend, out, active },
  };
}
