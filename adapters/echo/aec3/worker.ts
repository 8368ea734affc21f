import { parentPort } from 'node:worker_threads';

import { systemClock } from '../../../src/time/clock.ts';
import { openCancellation } from './cancellation.ts';
import { CancellationBook } from './cancellation-book.ts';
import type { EchoReply, EchoRequest } from './link.ts';

const port = parentPort;
if (port === null) throw new TypeError('worker.ts runs as a worker thread only');

const book = new CancellationBook({
  clock: systemClock,
  open: openCancellation,
  reply: (message: EchoReply) =>
    port.postMessage(message, message.type === 'clean' ? [message.pcm.buffer] : undefined),
});

const probe = await openCancellation();
probe.close();
port.on('message', (request: EchoRequest) => book.take(request));
port.postMessage({ type: 'ready' } satisfies EchoReply);
