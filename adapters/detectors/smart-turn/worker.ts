// The scoring thread: loads the graph, then works off one request after the other.
import { parentPort, workerData } from 'node:worker_threads';

import { systemClock } from '../../../src/time/clock.ts';
import { loadTurnGraph, type TurnGraph } from './graph.ts';
import { inputLength } from './shape.ts';
import type { TurnEnd, TurnReply, TurnRequest, TurnStart } from './turn-link.ts';
import { TurnScorer } from './turn-scorer.ts';
import { readWeights } from './weights.ts';

// Where this type exists, onnxruntime-node 1.30 refuses float16 inputs; it looks when it is loaded.
Reflect.deleteProperty(globalThis, 'Float16Array');

const port = parentPort;
if (port === null) throw new TypeError('worker.ts runs as a worker thread only');

const reply = (message: TurnReply): void => port.postMessage(message);

async function load(): Promise<{ readonly graph: TurnGraph; readonly scorer: TurnScorer }> {
  const graph = await loadTurnGraph(await readWeights(workerData as TurnStart));
  // A first run allocates and costs several times a later one: not on a caller's time.
  await graph.score(new Float32Array(inputLength));
  return { graph, scorer: new TurnScorer(graph) };
}

async function answer(scorer: TurnScorer, request: TurnRequest): Promise<void> {
  const startMs = systemClock.nowMs();
  scorer.take(request);
  const heardMs = systemClock.nowMs();
  const raw = request.question === null ? null : await scorer.answer(request.question);
  const scoreMs = request.question === null ? 0 : systemClock.nowMs() - heardMs;
  reply({ type: 'done', raw, audioMs: heardMs - startMs, scoreMs });
}

function fail(error: unknown): void {
  reply({ type: 'failed', message: error instanceof Error ? error.message : 'unknown failure' });
  port?.close();
}

const loading = load();
let work: Promise<void> = loading.then(() => reply({ type: 'ready' }));
work.catch(fail);
port.on('message', (message: TurnRequest | TurnEnd) => {
  work = work.then(async () => {
    const { graph, scorer } = await loading;
    if (message.type === 'request') {
      await answer(scorer, message);
      return;
    }
    await graph.release();
    port.close();
  });
  work.catch(fail);
});
