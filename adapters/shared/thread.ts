import { Worker, type Transferable } from 'node:worker_threads';

import { systemClock, type Clock } from '../../src/time/clock.ts';

/**
 * How long the end of a thread that was asked to end is waited for, ms. A thread that hangs is left
 * behind without keeping the process alive, and ends when its run does.
 */
const endingMs = 2000;

export interface ThreadOptions<Request, Reply> {
  /** Its name in diagnostics. */
  readonly name: string;
  readonly file: URL;
  /** What it is started with. */
  readonly data?: unknown;
  /**
   * What asks it to end. Absent: it is terminated. A thread that runs a graph has to be asked:
   * terminating it inside a run aborts the whole process (onnxruntime-node 1.30, an uncaught
   * Napi::Error).
   */
  readonly endRequest?: Request;
  /** Whether it keeps the process alive; absent: it does. */
  readonly keepsAlive?: boolean;
  readonly message: (reply: Reply) => void;
  /** It is gone without having been ended. Called at most once. */
  readonly lost: (reason: string) => void;
}

/** The main thread's end of a worker thread. */
export interface Thread<Request> {
  /** Hands the message over; what is transferred is gone from here. Nothing happens after its end. */
  send(request: Request, transfer?: readonly Transferable[]): void;
  /** From now on it keeps the process alive. */
  ref(): void;
  /** Idempotent, never rejects; resolves when it is gone or given up. No handler is called any more. */
  end(): Promise<void>;
}

/** `worker.ts` beside the given module, or `worker.js` in the compiled tree. */
export function workerBeside(moduleUrl: string): URL {
  // Compiling does not rewrite the extension inside a URL.
  return new URL(moduleUrl.endsWith('.ts') ? './worker.ts' : './worker.js', moduleUrl);
}

/**
 * Ends a thread that was asked to finish its work first.
 *
 * @param finished resolves when it says that it has, or is gone
 * @param limitMs longest wait for that
 */
export async function endFinished(
  thread: Pick<Thread<never>, 'end'>,
  finished: Promise<unknown>,
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
): Promise<void> {
  const limit = Promise.withResolvers<undefined>();
  const patience = clock.timerAt(clock.nowMs() + limitMs, () => limit.resolve(undefined));
  await Promise.race([finished, limit.promise]);
  patience.cancel();
  await thread.end();
}

/** Starts a thread. Its handlers are never called before this has returned. */
export function openThread<Request, Reply>(
  options: ThreadOptions<Request, Reply>,
): Thread<Request> {
  const { name, file, data, endRequest, keepsAlive = true } = options;
  const worker = new Worker(file, { name, workerData: data });
  if (!keepsAlive) worker.unref();
  const gone: PromiseWithResolvers<void> = Promise.withResolvers();
  let over = false;
  let ended: Promise<void> | null = null;
  const lost = (reason: string): void => {
    if (over) return;
    over = true;
    options.lost(reason);
  };
  worker.on('message', (reply: Reply) => {
    if (!over) options.message(reply);
  });
  worker.on('error', (error: unknown) =>
    lost(error instanceof Error ? error.message : 'unknown failure'),
  );
  worker.on('exit', (code) => {
    lost(`the thread ended with code ${code}`);
    gone.resolve();
  });
  const end = async (): Promise<void> => {
    over = true;
    if (endRequest === undefined) {
      await worker.terminate();
      return;
    }
    worker.postMessage(endRequest);
    const patience = systemClock.timerAt(systemClock.nowMs() + endingMs, () => {
      worker.unref();
      gone.resolve();
    });
    await gone.promise;
    patience.cancel();
  };
  return {
    send: (request, transfer = []) => {
      if (!over) worker.postMessage(request, transfer);
    },
    ref: () => worker.ref(),
    end: () => (ended ??= end()),
  };
}
