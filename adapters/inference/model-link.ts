import { Worker } from 'node:worker_threads';

import { systemClock } from '../../src/time/clock.ts';
import type { FromModel, ToModel } from './messages.ts';

/**
 * How long a thread that is ended keeps the process alive, ms. It is asked to end and never
 * terminated: that, inside a run of a graph, aborts the whole process (onnxruntime-node 1.30, an
 * uncaught Napi::Error). A thread that hangs is left behind, and ends when its run does.
 */
const endingMs = 2000;

/** The main thread's end of a model's thread. */
export interface ModelLink {
  /** Hands the message over; arrays in it are gone from here. */
  send(message: ToModel): void;
  /** Idempotent. Nothing is reported after it. */
  end(): void;
}

export interface ModelLinkHandlers {
  /** Called on the main thread, never before `OpenModelLink` returned. */
  readonly message: (message: FromModel) => void;
  /** The thread is gone, by itself; called at most once. */
  readonly lost: (reason: string) => void;
}

/** Starts a thread that serves the package in `folder`. */
export type OpenModelLink = (folder: string, handlers: ModelLinkHandlers) => ModelLink;

/** Starts the thread from source or from the compiled tree, whichever this file is in. */
export const openModelThread: OpenModelLink = (folder, handlers) => {
  // Compiling does not rewrite the extension inside a URL.
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { name: 'model', workerData: folder });
  let over = false;
  let ending = false;
  const lost = (reason: string): void => {
    if (over) return;
    over = true;
    handlers.lost(reason);
  };
  worker.on('message', (message: FromModel) => {
    if (!over) handlers.message(message);
  });
  worker.on('error', (error: unknown) =>
    lost(error instanceof Error ? error.message : 'unknown failure'),
  );
  worker.on('exit', (code) => lost(`the thread ended with code ${code}`));
  return {
    send: (message) =>
      worker.postMessage(message, message.type === 'step' ? [message.pcm.buffer] : []),
    end: () => {
      if (ending) return;
      ending = true;
      over = true;
      worker.postMessage(null);
      const patience = systemClock.timerAt(systemClock.nowMs() + endingMs, () => worker.unref());
      worker.once('exit', () => patience.cancel());
    },
  };
};
