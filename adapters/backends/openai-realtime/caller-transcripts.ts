import type { BackendEvent } from '../../../src/ports/backend.ts';
import type { UpstreamEvent } from './decode.ts';

/** Transcripts in progress (a count). */
const openLimit = 64;
/** Longest transcript, characters. */
const textLimit = 100_000;

/** Puts the upstream's pieces of a transcript together: the call wants the whole text so far. */
export class CallerTranscripts {
  /** Turns whose words are still to come, by the upstream's id. */
  readonly #awaited = new Set<string>();
  /** By the upstream's id, oldest first. */
  readonly #open = new Map<string, string>();

  /** Words of a committed turn are still to come. */
  get isWaiting(): boolean {
    return this.#awaited.size > 0;
  }

  /** A turn was committed, and will be transcribed. */
  expect(upstreamId: string): void {
    if (this.#awaited.size < openLimit) this.#awaited.add(upstreamId);
  }

  /** No words will come of anything so far. */
  reset(): void {
    this.#awaited.clear();
    this.#open.clear();
  }

  /**
   * @param itemId our name of the item; `null` where it is none of the call's
   * @returns `null` when there is nothing to tell
   */
  take(
    event: UpstreamEvent & { readonly type: `transcript.${string}` },
    itemId: string | null,
  ): (BackendEvent & { type: 'caller.transcript' }) | null {
    switch (event.type) {
      case 'transcript.delta': {
        const text = ((this.#open.get(event.itemId) ?? '') + event.delta).slice(0, textLimit);
        this.#open.set(event.itemId, text);
        const [oldest] = this.#open.keys();
        if (this.#open.size > openLimit && oldest !== undefined) this.#open.delete(oldest);
        return itemId === null || event.delta === ''
          ? null
          : { type: 'caller.transcript', itemId, text, final: false };
      }
      case 'transcript.whole':
      case 'transcript.done': {
        const final = event.type === 'transcript.done';
        if (final) this.#end(event.itemId);
        const text = event.text.slice(0, textLimit);
        return itemId === null ? null : { type: 'caller.transcript', itemId, text, final };
      }
      case 'transcript.failed':
        this.#end(event.itemId);
        return null;
    }
  }

  #end(upstreamId: string): void {
    this.#open.delete(upstreamId);
    this.#awaited.delete(upstreamId);
  }
}
