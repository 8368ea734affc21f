import { drawDelayMs, type Random } from '../../../adapters/shared/chance.ts';
import type { Spread } from './options.ts';

export type AppendKind = 'instructions' | 'thinking' | 'commentary';

export interface Append {
  readonly kind: AppendKind;
  readonly content: string;
  readonly delegationId: string | null;
  readonly eventId: string | null;
}

/** Appends on their way to a place on the timeline: placed in order, each after a while. */
export class Appends {
  readonly #waiting: (Append & { readonly dueMs: number })[] = [];
  readonly #spread: Spread;
  readonly #random: Random;

  constructor(spread: Spread, random: Random) {
    this.#spread = spread;
    this.#random = random;
  }

  push(append: Append, nowMs: number): void {
    const afterMs = nowMs + drawDelayMs(this.#spread, this.#random);
    const dueMs = Math.max(afterMs, this.#waiting.at(-1)?.dueMs ?? 0);
    this.#waiting.push({ ...append, dueMs });
  }

  due(nowMs: number): Append[] {
    const first = this.#waiting.findIndex(({ dueMs }) => dueMs > nowMs);
    return this.#waiting.splice(0, first < 0 ? this.#waiting.length : first);
  }

  /** Those that never found a place. */
  abandon(): Append[] {
    return this.#waiting.splice(0);
  }
}
