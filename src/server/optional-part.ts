import { asCallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';

/** What calls are better with, and go on without. */
interface Helper {
  readonly name: string;
  prepare(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A part that no call waits for: it is given to calls from when it is ready on. */
export class OptionalPart<Part extends Helper> {
  readonly #part: Part | null;
  readonly #log: Logger;
  #ready = false;
  #closed = false;

  constructor(part: Part | null, { log }: { readonly log: Logger }) {
    this.#part = part;
    this.#log = log;
  }

  /** `null` until it is ready, and where there is none. */
  get ready(): Part | null {
    return this.#ready ? this.#part : null;
  }

  /** Never rejects: that calls go without it is in the log. */
  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#part === null) return;
    try {
      await this.#part.prepare(signal);
      this.#ready = !this.#closed;
    } catch (thrown) {
      const { message } = asCallError(thrown, 'detector_failed');
      this.#log.warn('part.not_ready', { part: this.#part.name, reason: message });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ready = false;
    await this.#part?.close();
  }
}
