import type { IncomingMessage } from 'node:http';
import { CallError } from '../../src/ports/errors.ts';
import type { Clock } from '../../src/time/clock.ts';
import type { WireRecording } from './wire-record.ts';

interface AnswerContext {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly recording: WireRecording | null;
}

/** How long the rest of a body is waited for so that its connection can be used again, ms. */
const restTimeoutMs = 1000;

/** An answer whose head is here. Its body is read, or `discard` or `release` is called. */
export class HttpAnswer {
  readonly status: number;
  readonly #incoming: IncomingMessage;
  readonly #context: AnswerContext;
  #isReading = false;
  #isReleased = false;

  constructor(incoming: IncomingMessage, context: AnswerContext) {
    this.status = incoming.statusCode ?? 0;
    this.#incoming = incoming;
    this.#context = context;
    // Told by the iteration; without one, nobody else is to be told.
    incoming.on('error', () => undefined);
  }

  /** By its name in lower case. */
  header(name: string): string | undefined {
    const value = this.#incoming.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** Every header, with a single value each. */
  get headers(): Readonly<Record<string, string>> {
    const names = Object.keys(this.#incoming.headers);
    return Object.fromEntries(names.map((name) => [name, this.header(name) ?? '']));
  }

  /**
   * Bytes as they come, read no faster than they are taken. Leaving the iteration closes the
   * connection.
   *
   * @throws CallError when the answer is cut short or the request was aborted
   */
  get body(): AsyncGenerator<Uint8Array, void> {
    return this.#read();
  }

  /**
   * The rest is not wanted: the connection is kept if it comes soon, closed otherwise. An iteration
   * that is under way is to be left.
   */
  release(): void {
    this.#isReleased = true;
    if (!this.#isReading) this.#drain();
  }

  /** Closes the connection. */
  discard(): void {
    this.#incoming.destroy();
  }

  async *#read(): AsyncGenerator<Uint8Array, void> {
    const { signal, recording } = this.#context;
    this.#isReading = true;
    const pieces = this.#incoming.iterator({ destroyOnReturn: false });
    try {
      for await (const piece of pieces as AsyncIterable<Buffer>) {
        recording?.frame('down', piece, true);
        yield piece;
      }
    } catch (thrown) {
      if (signal.aborted) {
        throw new CallError('backend_closed', 'the request was given up', { cause: signal.reason });
      }
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'no code';
      throw new CallError('backend_closed', `the upstream cut its answer short (${code})`);
    } finally {
      this.#isReading = false;
      if (this.#isReleased) this.#drain();
      else if (!this.#incoming.readableEnded) this.discard();
    }
  }

  #drain(): void {
    if (this.#incoming.readableEnded || this.#incoming.destroyed) return;
    const { clock } = this.#context;
    const timer = clock.timerAt(clock.nowMs() + restTimeoutMs, () => this.discard());
    this.#incoming.once('close', () => timer.cancel());
    this.#incoming.resume();
  }
}
