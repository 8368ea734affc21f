import type { Clock } from '../../../src/time/clock.ts';
import { Closing } from './closing.ts';
import type { History } from './history.ts';

/** Handles kept (a count); the oldest is forgotten first. */
const handleLimit = 10_000;

/** A session over all of its connections. */
export interface Lineage {
  readonly id: string;
  readonly model: string;
  readonly startedAtMs: number;
  /** Its connection is open. */
  open: boolean;
}

interface Kept {
  readonly lineage: Lineage;
  readonly history: History;
  readonly atMs: number;
}

/** Sessions that can be taken up again, by their handles. A handle carries one moment's history. */
export class Lineages {
  readonly #clock: Clock;
  readonly #handleTtlMs: number;
  readonly #kept = new Map<string, Kept>();
  #sessions = 0;
  #handles = 0;

  constructor(clock: Clock, handleTtlMs: number) {
    this.#clock = clock;
    this.#handleTtlMs = handleTtlMs;
  }

  begin(model: string): Lineage {
    this.#sessions += 1;
    return { id: `s${this.#sessions}`, model, startedAtMs: this.#clock.nowMs(), open: true };
  }

  /** @returns a handle for this history */
  keep(lineage: Lineage, history: History): string {
    this.#handles += 1;
    const handle = `handle-${lineage.id}-${this.#handles}`;
    this.#kept.set(handle, { lineage, history, atMs: this.#clock.nowMs() });
    if (this.#kept.size > handleLimit) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    return handle;
  }

  /**
   * @throws Closing with 1008 where there is no such handle any more, with 1011 while an earlier
   * connection of the same session is open, with 1007 for another model
   */
  resume(handle: string, model: string): Kept {
    const kept = this.#kept.get(handle);
    if (kept === undefined || this.#clock.nowMs() - kept.atMs > this.#handleTtlMs) {
      throw new Closing(1008, 'BidiGenerateContent session not found');
    }
    if (kept.lineage.open) throw new Closing(1011, 'Internal error encountered.');
    if (kept.lineage.model !== model) {
      throw new Closing(1007, 'The model of a resumed session cannot change.');
    }
    kept.lineage.open = true;
    return kept;
  }

  /** How many sessions there were, resumed ones once. */
  get sessions(): number {
    return this.#sessions;
  }
}
