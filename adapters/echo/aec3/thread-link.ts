import { Worker } from 'node:worker_threads';

import type { EchoReply, OpenEchoLink } from './link.ts';

/** Starts the thread, from source or from the compiled tree, whichever this file is in. */
export const openThreadLink: OpenEchoLink = (handlers) => {
  // Compiling does not rewrite the extension inside a URL.
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { name: 'aec3' });
  let over = false;
  const lost = (reason: string): void => {
    if (over) return;
    over = true;
    handlers.lost(reason);
  };
  worker.on('message', (reply: EchoReply) => {
    if (!over) handlers.reply(reply);
  });
  worker.on('error', (error: unknown) =>
    lost(error instanceof Error ? error.message : 'unknown failure'),
  );
  worker.on('exit', (code) => lost(`the thread ended with code ${code}`));
  return {
    send: (request) =>
      worker.postMessage(request, 'pcm' in request ? [request.pcm.buffer] : undefined),
    end: async () => {
      over = true;
      await worker.terminate();
    },
  };
};
