import type { LogEntry, LogEvent } from '../ports/events.ts';

export interface EventLogOptions {
  /** Entries kept (a count); older ones are forgotten and counted. */
  readonly limit: number;
  /** Call time, ms. */
  readonly nowMs: () => number;
}

/**
 * What happened in a call, in order. Append-only: entries get a sequence number and the call's
 * time, and never change. Listeners see every entry exactly once and in order, also entries that a
 * listener's reaction appends.
 */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #entries: LogEntry[] = [];
  readonly #listeners: ((entry: LogEntry) => void)[] = [];
  #start = 0;
  #nextSeq = 0;
  #delivered = 0;
  #delivering = false;
  #lastAtMs = 0;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** Entries that the limit has pushed out. */
  get forgotten(): number {
    return this.#nextSeq - (this.#entries.length - this.#start);
  }

  get length(): number {
    return this.#entries.length - this.#start;
  }

  entries(): readonly LogEntry[] {
    return this.#entries.slice(this.#start);
  }

  append(event: LogEvent): void {
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#options.nowMs());
    this.#entries.push({ ...event, seq: this.#nextSeq, atMs: this.#lastAtMs });
    this.#nextSeq += 1;
    this.#deliver();
  }

  /** Entries so far are replayed to `listener` first. */
  listen(listener: (entry: LogEntry) => void): void {
    // What the replay makes anyone append waits until the listener is one of all.
    const wasDelivering = this.#delivering;
    this.#delivering = true;
    try {
      const seen = this.#delivered;
      for (const entry of this.entries()) if (entry.seq < seen) listener(entry);
      this.#listeners.push(listener);
    } finally {
      this.#delivering = wasDelivering;
    }
    this.#deliver();
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#delivered < this.#nextSeq) {
        const entry = this.#entries[this.#entries.length - (this.#nextSeq - this.#delivered)]!;
        this.#delivered += 1;
        // A listener that joins now is shown this entry by its replay.
        const listeners = this.#listeners.length;
        for (let index = 0; index < listeners; index += 1) this.#listeners[index]!(entry);
      }
    } finally {
      this.#delivering = false;
    }
    this.#forget();
  }

  #forget(): void {
    const excess = this.length - this.#options.limit;
    if (excess <= 0) return;
    this.#start += excess;
    if (this.#start > this.#options.limit) {
      this.#entries.splice(0, this.#start);
      this.#start = 0;
    }
  }
}
