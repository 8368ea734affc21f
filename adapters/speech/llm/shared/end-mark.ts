/** What ends a stream of chat completions, on a line of its own. */
const mark = 'data:[DONE]';

/**
 * Finds the line `data: [DONE]` in bytes that come in pieces of any length. Behind it a server has
 * nothing to say, and some leave the connection open all the same.
 */
export class EndMark {
  /** Characters of the mark matched so far on this line; −1: this line is another one. */
  #matched = 0;

  /** @returns whether the mark has been completed by these bytes or before */
  seen(bytes: Uint8Array): boolean {
    for (const byte of bytes) {
      if (this.#matched === mark.length) return true;
      if (byte === 0x0a || byte === 0x0d) this.#matched = 0;
      else if (this.#matched >= 0) this.#step(byte);
    }
    return this.#matched === mark.length;
  }

  #step(byte: number): void {
    // One space may stand behind the colon.
    if (byte === 0x20 && this.#matched === 'data:'.length) return;
    this.#matched = byte === mark.charCodeAt(this.#matched) ? this.#matched + 1 : -1;
  }
}
