// The thread in which sherpa-onnx listens, for all calls.
import { parentPort, workerData } from 'node:worker_threads';

import sherpa from 'sherpa-onnx-node';

import type { EngineReply } from '../shared/engine-thread.ts';
import type { RecogniserReply, RecogniserRequest, RecogniserStart } from './link.ts';
import { rateHz, StretchBook } from './stretch-book.ts';

const port = parentPort;
if (port === null) throw new TypeError('worker.ts runs as a worker thread only');
const tell = (message: EngineReply<null, RecogniserReply>): void => port.postMessage(message);

const { encoder, decoder, joiner, tokens, threads, tailMs } = workerData as RecogniserStart;

try {
  const recognizer = new sherpa.OnlineRecognizer({
    featConfig: { sampleRate: rateHz, featureDim: 80 },
    modelConfig: {
      transducer: { encoder, decoder, joiner },
      tokens,
      numThreads: threads,
      provider: 'cpu',
      debug: false,
    },
    // What it has told it never takes back.
    decodingMethod: 'greedy_search',
    // Its rules count silence only: the turn engine does that better.
    enableEndpoint: false,
  });
  const book = new StretchBook(recognizer, tailMs);
  // A first run allocates: not on a caller's time.
  const pcm = new Float32Array(rateHz);
  book.take({
    type: 'steps',
    steps: [
      { type: 'audio', streamId: 0, samples: rateHz, atMs: 0 },
      { type: 'finish', streamId: 0, finishId: 0 },
    ],
    pcm,
  });
  port.on('message', (request: RecogniserRequest) => {
    if (request.type === 'end') {
      port.close();
      return;
    }
    try {
      tell({ type: 'reply', reply: book.take(request) });
    } catch (error) {
      fail(error);
    }
  });
  tell({ type: 'ready', ready: null });
} catch (error) {
  fail(error);
}

function fail(error: unknown): void {
  tell({ type: 'failed', message: error instanceof Error ? error.message : 'unknown failure' });
  port?.close();
}
