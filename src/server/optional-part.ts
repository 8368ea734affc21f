import { asCallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';

/** What calls are better with, and go on without. */
interface Helper {
  readonly name: string;
  prepare(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * A part that no call waits for: it is made when it is first wanted, and given to calls from when it
 * is ready on.
 */
export class OptionalPart<Part extends Helper> {
  readonly #make: (() => Part) | null;
  readonly #log: Logger;
  #part: Part | null = null;
  #preparing: Promise<void> | null = null;
  #ready = false;
  #closed = false;

  /** @param make `null` where there is none */
  constructor(make: (() => Part) | null, { log }: { readonly log: Logger }) {
    this.#make = make;
    this.#log = log;
  }

  /** What was made, ready or not. */
  get made(): Part | null {
    return this.#part;
  }

  /** `null` until it is ready, and where there is none. */
  get ready(): Part | null {
    return this.#ready ? this.#part : null;
  }

  /** Makes and prepares it, once. Never rejects: that calls go without it is in the log. */
  prepare(signal: AbortSignal): Promise<void> {
    this.#preparing ??= this.#prepare(signal);
    return this.#preparing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ready = false;
    await this.#part?.close();
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    if (this.#make === null || this.#closed) return;
    try {
      this.#part = this.#make();
      await this.#part.prepare(signal);
      this.#ready = !this.#isClosed();
    } catch (thrown) {
      const { message } = asCallError(thrown, 'detector_failed');
      const part = this.#part?.name ?? 'unknown';
      this.#log.warn('part.not_ready', { part, reason: message });
    }
  }

  #isClosed(): boolean {
    return this.#closed;
  }
}
