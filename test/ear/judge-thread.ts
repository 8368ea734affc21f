import { isMainThread, Worker, workerData, parentPort } from 'node:worker_threads';
import { judge, type Judgement } from './judge.ts';

interface Question {
  readonly recording: Float32Array;
  readonly clip: Float32Array;
  readonly rateHz: number;
}

/**
 * {@link judge} in a thread of its own. It computes for a tenth of a second and more, which callers
 * who talk in the same process at that time, and its gateway, would be late by.
 */
export function judgeAside(
  recording: Float32Array,
  clip: Float32Array,
  rateHz: number,
): Promise<Judgement> {
  const question: Question = { recording, clip, rateHz };
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: question });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

if (!isMainThread && parentPort !== null) {
  const { recording, clip, rateHz } = workerData as Question;
  parentPort.postMessage(judge(recording, clip, rateHz));
}
