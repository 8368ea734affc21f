import { Worker } from 'node:worker_threads';
import type { LoadedConfig } from '../config-file.ts';
import { asCallError } from '../ports/errors.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { ConfigRequest } from './config-request.ts';

/** Longest time for one reading, ms. */
const readLimitMs = 30_000;
/** How long the thread stays after a reading, ms: edits come in runs. */
const idleMs = 10_000;
/** Most memory of the thread's data, MiB. */
const memoryLimitMiB = 512;

/** Reads configurations in a thread of its own, which is there while there is something to read. */
export class ConfigThread {
  readonly #clock: Clock;
  #worker: Worker | null = null;
  #idle: Timer | null = null;
  #closed = false;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /**
   * Reads a file. One at a time.
   *
   * @throws Error when the thread ends, or takes longer than it may
   */
  async read(request: ConfigRequest): Promise<LoadedConfig> {
    if (this.#closed) throw new Error('the configuration is not read any more');
    this.#idle?.cancel();
    const worker = (this.#worker ??= this.#start());
    const answer = Promise.withResolvers<LoadedConfig>();
    const fail = (error: unknown): void => answer.reject(asCallError(error));
    const ended = (): void => fail(new Error('the thread that reads it has ended'));
    worker.once('message', answer.resolve);
    worker.once('error', fail);
    worker.once('exit', ended);
    const limit = this.#clock.timerAt(this.#clock.nowMs() + readLimitMs, () => {
      fail(new Error(`it was not read within ${readLimitMs} ms`));
    });
    worker.postMessage(request);
    try {
      const loaded = await answer.promise;
      this.#idle = this.#clock.timerAt(this.#clock.nowMs() + idleMs, () => this.#end());
      return loaded;
    } catch (thrown) {
      this.#end();
      throw thrown;
    } finally {
      limit.cancel();
      worker.off('message', answer.resolve);
      worker.off('error', fail);
      worker.off('exit', ended);
    }
  }

  /** Ends the thread at once; a reading under way rejects. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#end();
  }

  #start(): Worker {
    const file = `./config-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;
    const worker = new Worker(new URL(file, import.meta.url), {
      name: 'configuration',
      resourceLimits: { maxOldGenerationSizeMb: memoryLimitMiB },
    });
    // Between readings nobody else listens, and an error without a listener would end the process.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null;
    });
    worker.unref();
    return worker;
  }

  #end(): void {
    this.#idle?.cancel();
    this.#idle = null;
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
  }
}
