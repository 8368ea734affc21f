/** How many unfinished transcripts are followed at once. */
const openLimit = 64;

/**
 * Turns growing transcripts into deltas. A transcript that was revised has no delta: the client
 * learns the right words when it is complete.
 */
export class TranscriptDeltas {
  /** Text already sent, by item. */
  readonly #sent = new Map<string, string>();
  #forgotten = 0;

  /** Unfinished transcripts that were dropped because too many were open. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** What to send for the whole text so far; `null` = nothing. */
  extend(itemId: string, text: string): string | null {
    const sent = this.#sent.get(itemId) ?? '';
    if (!text.startsWith(sent) || text.length === sent.length) return null;
    this.#sent.set(itemId, text);
    if (this.#sent.size > openLimit) {
      const oldest = this.#sent.keys().next();
      if (oldest.done !== true) this.#sent.delete(oldest.value);
      this.#forgotten += 1;
    }
    return text.slice(sent.length);
  }

  finish(itemId: string): void {
    this.#sent.delete(itemId);
  }
}
