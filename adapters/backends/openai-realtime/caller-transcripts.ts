import type { BackendEvent } from '../../../src/ports/backend.ts';
import type { UpstreamEvent } from './decode.ts';

/** Transcripts in progress (a count). */
const openLimit = 64;
/** Longest transcript, characters. */
const textLimit = 100_000;

/** Puts the upstream's pieces of a transcript together: the call wants the whole text so far. */
export class CallerTranscripts {
  /** By the upstream's id, oldest first. */
  readonly #open = new Map<string, string>();

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
      case 'transcript.done':
        this.#open.delete(event.itemId);
        return itemId === null
          ? null
          : { type: 'caller.transcript', itemId, text: event.text, final: true };
      case 'transcript.failed':
        this.#open.delete(event.itemId);
        return null;
    }
  }
}
