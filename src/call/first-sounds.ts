import type { LogEntry } from '../ports/events.ts';

/** Lines that are looked back on (a count). */
const keptLimit = 4;
/** Lines that may wait for their first sound at once (a count); older ones are not timed. */
const waitingLimit = 16;

/** How long a call's latest lines took to their first sound, or to asking for a tool. */
export class FirstSounds {
  /** Call time at which a line was asked for, by line. */
  readonly #openedAtMs = new Map<string, number>();
  readonly #latestMs: number[] = [];

  /** The slowest of the latest four, ms; 0 before there is any. */
  get slowestMs(): number {
    return Math.max(0, ...this.#latestMs);
  }

  push(entry: LogEntry): void {
    if (entry.type === 'line.opened') this.#open(entry.line.lineId, entry.atMs);
    else if (entry.type === 'line.closed') this.#openedAtMs.delete(entry.lineId);
    else if (entry.type === 'line.first_audio' || entry.type === 'tool.called') {
      this.#begun(entry.lineId, entry.atMs);
    }
  }

  #open(lineId: string, atMs: number): void {
    this.#openedAtMs.set(lineId, atMs);
    const [oldest] = this.#openedAtMs.keys();
    if (this.#openedAtMs.size > waitingLimit && oldest !== undefined) {
      this.#openedAtMs.delete(oldest);
    }
  }

  #begun(lineId: string, atMs: number): void {
    const openedAtMs = this.#openedAtMs.get(lineId);
    if (openedAtMs === undefined) return;
    this.#openedAtMs.delete(lineId);
    this.#latestMs.push(atMs - openedAtMs);
    if (this.#latestMs.length > keptLimit) this.#latestMs.shift();
  }
}
