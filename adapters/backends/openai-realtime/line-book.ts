import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';

/** Lines remembered (a count): only the latest ones are ever truncated. */
const lineLimit = 64;

/** One audio item of a line, as it lies upstream. */
interface Part {
  readonly itemId: string;
  receivedBytes: number;
  /** Where a truncation has already cut it, ms. */
  endMs: number;
  /** It lay on a connection that was left. */
  isGone: boolean;
}

type Truncate = ClientEvent & { readonly type: 'conversation.item.truncate' };

/**
 * Which upstream items hold a line's sound, and how much of each was received: a truncation must
 * name the item and never lie beyond its end, or the upstream refuses it.
 */
export class LineBook {
  /** Oldest first. */
  readonly #lines = new Map<string, Part[]>();
  readonly #bytesPerMs: number;

  /** @param bytesPerMs of the session's output format */
  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** Audio of a line came, passed on or not: the upstream believes that it was said. */
  received(lineId: string, itemId: string, lengthBytes: number): void {
    let parts = this.#lines.get(lineId);
    if (parts === undefined) {
      parts = [];
      this.#lines.set(lineId, parts);
      const [oldest] = this.#lines.keys();
      if (this.#lines.size > lineLimit && oldest !== undefined) this.#lines.delete(oldest);
    }
    let part = parts.find((known) => known.itemId === itemId);
    if (part === undefined) {
      part = { itemId, receivedBytes: 0, endMs: Infinity, isGone: false };
      parts.push(part);
    }
    part.receivedBytes += lengthBytes;
  }

  /** Audio received of a line, ms; 0 where none is remembered. */
  receivedMs(lineId: string): number {
    const parts = this.#lines.get(lineId) ?? [];
    return parts.reduce((sum, part) => sum + part.receivedBytes, 0) / this.#bytesPerMs;
  }

  /** The upstream has none of these items any more. How long they were is still known. */
  forgetItems(): void {
    for (const parts of this.#lines.values()) {
      for (const part of parts) part.isGone = true;
    }
  }

  /**
   * What to tell the upstream so that nothing beyond `heardMs` stays in its memory.
   *
   * @param finished nothing more of the line will come
   * @returns `null` when no audio of such a line is remembered
   */
  truncate(lineId: string, heardMs: number, finished: boolean): Truncate[] | null {
    const parts = this.#lines.get(lineId);
    if (parts === undefined) return null;
    const requests: Truncate[] = [];
    let beforeMs = 0;
    for (const part of parts) {
      const receivedMs = Math.floor(part.receivedBytes / this.#bytesPerMs);
      const endMs = Math.floor(Math.min(receivedMs, Math.max(0, heardMs - beforeMs)));
      beforeMs += part.receivedBytes / this.#bytesPerMs;
      const isWhole = finished && endMs >= receivedMs;
      if (isWhole || endMs >= part.endMs) continue;
      part.endMs = endMs;
      if (part.isGone) continue;
      requests.push({
        type: 'conversation.item.truncate',
        item_id: part.itemId,
        content_index: 0,
        audio_end_ms: endMs,
      });
    }
    return requests;
  }
}
