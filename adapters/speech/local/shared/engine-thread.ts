import type { Transferable } from 'node:worker_threads';

import { CallError } from '../../../../src/ports/errors.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import { openThread, type Thread } from '../../../shared/thread.ts';

/** What every engine's thread says, besides its own replies. */
export type EngineReply<Ready, Reply> =
  | { readonly type: 'ready'; readonly ready: Ready }
  /** It cannot go on; nothing follows. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'reply'; readonly reply: Reply };

export interface EngineThreadOptions<Ready, Reply> {
  /** Name of the thread, and of the engine in messages. */
  readonly name: string;
  readonly worker: URL;
  readonly clock: Clock;
  /** What the thread is started with. Rejects with `CallError` when that cannot be had. */
  readonly start: () => Promise<unknown>;
  /** Longest time from the start to `ready`, ms. */
  readonly startTimeoutMs: number;
  readonly onReady: (ready: Ready) => void;
  readonly onReply: (reply: Reply) => void;
  /** A thread that was ready is gone; `prepare` starts another. */
  readonly onLost: (error: CallError) => void;
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting'; readonly started: Promise<void> }
  | { readonly kind: 'ready'; readonly thread: Thread<unknown> }
  | { readonly kind: 'closed' };

/** A worker thread with a start, replies, a loss and an end. What goes over it is its user's. */
export class EngineThread<Request, Ready, Reply> {
  readonly #options: EngineThreadOptions<Ready, Reply>;
  #state: State = { kind: 'idle' };
  #ending: Promise<void> = Promise.resolve();
  #starts = 0;
  #losses = 0;
  #startMs = 0;

  constructor(options: EngineThreadOptions<Ready, Reply>) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#state.kind === 'ready';
  }

  figures(): Readonly<Record<string, number>> {
    return {
      ready: this.isReady ? 1 : 0,
      starts: this.#starts,
      losses: this.#losses,
      startMs: this.#startMs,
    };
  }

  /**
   * Resolves when the thread is ready; callers while it starts share one start, and an abort ends
   * only the wait of the one that asked.
   * @throws CallError `model_unavailable` when it cannot be had
   */
  async prepare(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw this.#error('preparing was aborted', signal.reason);
    if (this.#state.kind === 'ready') return;
    if (this.#state.kind === 'closed') throw this.#error('is closed');
    if (this.#state.kind === 'idle') this.#begin();
    const { started } = this.#state as State & { kind: 'starting' };
    const aborted: PromiseWithResolvers<never> = Promise.withResolvers();
    const abort = (): void => aborted.reject(this.#error('preparing was aborted', signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([started, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Ignored while there is no thread: its user was told of the loss. */
  send(request: Request, transfer: readonly Transferable[] = []): void {
    if (this.#state.kind === 'ready') this.#state.thread.send(request, transfer);
  }

  /** Gives the thread up; `onLost` is called when it was ready. */
  lose(reason: string): void {
    if (this.#state.kind !== 'ready') return;
    const { thread } = this.#state;
    this.#state = { kind: 'idle' };
    this.#losses += 1;
    this.#end(thread);
    this.#options.onLost(new CallError('backend_closed', `${this.#options.name}: ${reason}`));
  }

  /** Idempotent. Resolves when the thread is gone, or was given up. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'ready') this.#end(state.thread);
    if (state.kind === 'starting') await state.started.catch(() => undefined);
    await this.#ending;
  }

  #begin(): void {
    const started = this.#start();
    this.#state = { kind: 'starting', started };
    started.catch(() => {
      if (this.#state.kind === 'starting') this.#state = { kind: 'idle' };
    });
  }

  async #start(): Promise<void> {
    const { name, worker: file, clock, start, startTimeoutMs, onReady } = this.#options;
    const fromMs = clock.nowMs();
    const workerData = await start();
    if (this.#state.kind === 'closed') throw this.#error('was closed');
    this.#starts += 1;
    const opened: PromiseWithResolvers<Ready> = Promise.withResolvers();
    const isMine = (): boolean => this.#state.kind === 'ready' && this.#state.thread === thread;
    const gone = (reason: string): void => {
      opened.reject(this.#error(reason));
      if (isMine()) this.lose(reason);
    };
    const thread = openThread<unknown, EngineReply<Ready, Reply>>({
      name,
      file,
      data: workerData,
      endRequest: { type: 'end' },
      message: (message) => {
        if (message.type === 'ready') opened.resolve(message.ready);
        else if (message.type === 'failed') gone(message.message);
        else if (isMine()) this.#options.onReply(message.reply);
      },
      lost: gone,
    });
    const timeout = clock.timerAt(fromMs + startTimeoutMs, () =>
      gone(`the thread was not ready after ${startTimeoutMs} ms`),
    );
    try {
      const ready = await opened.promise;
      if (this.#state.kind !== 'starting') throw this.#error('was closed');
      this.#startMs = clock.nowMs() - fromMs;
      this.#state = { kind: 'ready', thread };
      onReady(ready);
    } catch (error) {
      this.#end(thread);
      throw error;
    } finally {
      timeout.cancel();
    }
  }

  #end(thread: Thread<unknown>): void {
    this.#ending = Promise.all([this.#ending, thread.end()]).then(() => undefined);
  }

  #error(reason: string, cause?: unknown): CallError {
    return new CallError('model_unavailable', `${this.#options.name}: ${reason}`, { cause });
  }
}
