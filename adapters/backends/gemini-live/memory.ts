import type { ConversationItem } from '../../../src/ports/conversation.ts';
import { seedContents } from './encode.ts';
import type { WireContent } from '../../../protocol/gemini-live/client-messages.ts';

/** Turns remembered (a count) and their words in all, characters. */
const turnLimit = 400;
const textLimit = 200_000;

/**
 * What was said, in words, and how much of it the latest resumption handle holds: a connection that
 * takes up the session is told the rest, one that begins anew is told everything.
 */
export class Memory {
  readonly #turns: WireContent[] = [];
  #textLength = 0;
  #covered = 0;
  /** Turns before what the upstream was asked last. */
  #asked = 0;
  #coversOpen = false;
  #handle: string | null = null;
  #fresh = false;

  /** Of the session as far as it can be taken up; `null` where it cannot. */
  get handle(): string | null {
    return this.#handle;
  }

  /** The handle holds everything that happened. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Everything that was said, oldest first. */
  get turns(): readonly WireContent[] {
    return this.#turns;
  }

  /** What the handle does not hold. */
  get uncovered(): readonly WireContent[] {
    return this.#turns.slice(this.#covered);
  }

  /** What was said before the session. @returns items that cannot be put in words (a count) */
  seed(items: readonly ConversationItem[]): number {
    const { contents, skipped } = seedContents(items);
    for (const { role, parts } of contents) {
      for (const { text } of parts) this.add(role, text);
    }
    return skipped;
  }

  add(role: WireContent['role'], text: string): void {
    if (text === '') return;
    this.#turns.push({ role, parts: [{ text }] });
    this.#textLength += text.length;
    if (this.#coversOpen) this.#covered = this.#turns.length;
    else this.#fresh = false;
    while (this.#turns.length > turnLimit || this.#textLength > textLimit) {
      const oldest = this.#turns.shift();
      if (oldest === undefined) break;
      this.#textLength -= oldest.parts[0]?.text.length ?? 0;
      this.#covered = Math.max(0, this.#covered - 1);
      this.#asked = Math.max(0, this.#asked - 1);
    }
  }

  /** The upstream is asked something, or begins to speak: no handle holds what follows. */
  stale(): void {
    this.#asked = this.#turns.length;
    this.#fresh = false;
    this.#coversOpen = false;
  }

  /**
   * The upstream gave a handle.
   *
   * @param whole all that was asked is answered, and the handle holds it
   */
  resumable(handle: string, whole: boolean): void {
    this.#handle = handle;
    this.#covered = whole ? this.#turns.length : Math.min(this.#asked, this.#turns.length);
    this.#fresh = whole;
    // The words of the answer that has just come are added later than the handle.
    this.#coversOpen = whole;
  }

  /** The upstream does not know the handle any more. */
  forgetHandle(): void {
    this.#handle = null;
    this.#covered = 0;
    this.#fresh = false;
    this.#coversOpen = false;
  }

  /** A new session holds everything that is remembered. */
  told(): void {
    this.#covered = this.#turns.length;
  }
}
