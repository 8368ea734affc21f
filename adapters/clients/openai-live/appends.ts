import type { AppendKind } from '../../../protocol/openai-live/server-events.ts';
import { Refused } from './problems.ts';

/** Most appends that wait for the clock (a count). */
const waitingLimit = 256;

export interface Append {
  readonly kind: AppendKind;
  readonly content: string;
  /** What it brings something about. */
  readonly delegationId: string | null;
  readonly eventId: string | null;
  /** Where the clock stood when it came, ms. */
  readonly atMs: number;
}

/** Context that waits for its place on the timeline, in the order in which it came. */
export class Appends {
  readonly #waiting: Append[] = [];

  /** @throws Refused where too many wait: the clock stands still, or they come too fast */
  push(append: Append): void {
    if (this.#waiting.length >= waitingLimit) {
      const message = `${waitingLimit} appends already wait: context is placed while audio comes.`;
      throw new Refused('rate_limit_exceeded', message);
    }
    this.#waiting.push(append);
  }

  /** Those that the clock has passed. */
  due(trackMs: number): readonly Append[] {
    const first = this.#waiting.findIndex(({ atMs }) => atMs > trackMs);
    return this.#waiting.splice(0, first === -1 ? this.#waiting.length : first);
  }

  /** Those that never found a place; they are forgotten. */
  abandon(): readonly Append[] {
    return this.#waiting.splice(0);
  }
}

/** An append as the model reads it. */
export function appendText({ kind, content }: Append): string {
  switch (kind) {
    case 'instructions':
      return content;
    case 'thinking':
      return `Context, not to be spoken of now: ${content}`;
    case 'commentary':
      return `Tell the caller the following now, once, in your own words: ${content}`;
  }
}
