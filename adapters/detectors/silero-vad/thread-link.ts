import { Worker } from 'node:worker_threads';

import { systemClock } from '../../../src/time/clock.ts';
import type { OpenScoringLink, ScoringReply } from './scoring-link.ts';

/**
 * How long the end of the thread is waited for, ms. It is asked to end and never terminated: that,
 * inside a run of the graph, aborts the whole process (onnxruntime-node 1.30, an uncaught
 * Napi::Error). A thread that hangs is left behind, and ends when its run does.
 */
const endingMs = 2000;

/** Starts the scoring thread, from source or from the compiled tree, whichever this file is in. */
export const openThreadLink: OpenScoringLink = (start, handlers) => {
  // Compiling does not rewrite the extension inside a URL.
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const worker = new Worker(new URL(file, import.meta.url), {
    name: 'silero-vad',
    workerData: start,
  });
  let over = false;
  const lost = (reason: string): void => {
    if (over) return;
    over = true;
    handlers.lost(reason);
  };
  worker.on('message', (reply: ScoringReply) => {
    if (!over) handlers.reply(reply);
  });
  worker.on('error', (error: unknown) =>
    lost(error instanceof Error ? error.message : 'unknown failure'),
  );
  const gone: PromiseWithResolvers<void> = Promise.withResolvers();
  worker.on('exit', (code) => {
    lost(`the thread ended with code ${code}`);
    gone.resolve();
  });
  return {
    send: (request) => worker.postMessage(request, [request.streamIds.buffer, request.pcm.buffer]),
    end: async () => {
      over = true;
      worker.postMessage(null);
      const patience = systemClock.timerAt(systemClock.nowMs() + endingMs, () => {
        worker.unref();
        gone.resolve();
      });
      await gone.promise;
      patience.cancel();
    },
  };
};
