// The scoring thread: loads the graph, then answers one request after the other.
import { parentPort, workerData } from 'node:worker_threads';

import { systemClock } from '../../../src/time/clock.ts';
import { BatchScorer } from './batch-scorer.ts';
import { loadGraph } from './graph.ts';
import type { ScoreRequest, ScoringReply, ScoringStart } from './scoring-link.ts';
import { frameSamples } from './shape.ts';
import { readWeights } from './weights.ts';

// Where this type exists, onnxruntime-node 1.30 refuses float16 inputs; it looks when it is loaded.
Reflect.deleteProperty(globalThis, 'Float16Array');

const port = parentPort;
if (port === null) throw new TypeError('worker.ts runs as a worker thread only');

const reply = (message: ScoringReply, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, [...transfer]);

const { weightsPath, sha256, maxRows } = workerData as ScoringStart;

async function load(): Promise<BatchScorer> {
  const graph = await loadGraph(await readWeights(weightsPath, sha256));
  // A first run allocates and costs many times a later one: not on a caller's time.
  const warmUp = new BatchScorer(graph.run, maxRows);
  await warmUp.score({
    streamIds: Int32Array.from({ length: maxRows }, (_, index) => index),
    pcm: new Float32Array(maxRows * frameSamples),
  });
  return new BatchScorer(graph.run, maxRows);
}

async function answer(scorer: BatchScorer, request: ScoreRequest): Promise<void> {
  const startMs = systemClock.nowMs();
  scorer.forget(request.ended);
  const { probabilities, batches, invalidFrames } = await scorer.score(request);
  const runMs = systemClock.nowMs() - startMs;
  reply({ type: 'scores', probabilities, batches, invalidFrames, runMs }, [probabilities.buffer]);
}

function fail(error: unknown): void {
  reply({ type: 'failed', message: error instanceof Error ? error.message : 'unknown failure' });
  port?.close();
}

const loading = load();
let work: Promise<void> = loading.then(() => reply({ type: 'ready' }));
work.catch(fail);
port.on('message', (request: ScoreRequest | null) => {
  work = work.then(async () => {
    // Nothing more will be asked: without its port the thread ends by itself.
    if (request === null) port.close();
    else await answer(await loading, request);
  });
  work.catch(fail);
});
