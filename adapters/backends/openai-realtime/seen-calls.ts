/** Calls that are remembered (a count). */
const callLimit = 256;

/** Tool calls that were passed on: an upstream announces each of them twice. */
export class SeenCalls {
  readonly #ids = new Set<string>();

  /** @returns whether it is seen for the first time */
  isNew(toolCallId: string): boolean {
    if (this.#ids.has(toolCallId)) return false;
    this.#ids.add(toolCallId);
    const [oldest] = this.#ids;
    if (this.#ids.size > callLimit && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }
}
