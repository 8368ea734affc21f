import { parentPort, workerData } from 'node:worker_threads';

import { asCallError } from '../../src/ports/errors.ts';
import { systemClock } from '../../src/time/clock.ts';
import { FrameLoop } from './frame-loop.ts';
import { openGraphs } from './graph.ts';
import { inputFrameSamples } from './manifest.ts';
import type { FromModel, ToModel } from './messages.ts';
import { readModelPackage, readVocabulary, verifyFiles } from './model-package.ts';

/**
 * Body of a model's thread: loads the package whose folder is the worker's data, then runs steps
 * in the order in which they came, until the thread is ended from outside.
 */
export async function serveModel(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new TypeError('this is the body of a worker thread');
  const say = (message: FromModel): void => {
    port.postMessage(message, message.type === 'stepped' ? [message.pcm.buffer] : []);
  };
  const loaded = await load(String(workerData)).catch((error: unknown) => asCallError(error));
  if (loaded instanceof Error) {
    say({ type: 'refused', message: loaded.message });
    return;
  }
  const { loop, frameSamples } = loaded;

  const handle = async (message: ToModel): Promise<void> => {
    switch (message.type) {
      case 'step': {
        const frames = message.slots.map((slot, index) => ({
          slot,
          pcm: message.pcm.subarray(index * frameSamples, (index + 1) * frameSamples),
          toolResult: message.toolResults[index] ?? 0,
        }));
        const beganMs = systemClock.nowMs();
        const result = await loop.step(frames);
        say({ type: 'stepped', ...result, runMs: systemClock.nowMs() - beganMs });
        return;
      }
      case 'leave':
        loop.leave(message.slot);
        return;
    }
  };
  // `run` yields to the message queue before it works: the chain keeps one thing at a time.
  let last = Promise.resolve();
  let faulty = false;
  port.on('message', (message: ToModel | null) => {
    last = last.then(async () => {
      // Nothing more will come: without its port the thread ends by itself.
      if (message === null) port.close();
      if (message === null || faulty) return;
      try {
        await handle(message);
      } catch (error) {
        faulty = true;
        say({ type: 'fault', message: asCallError(error).message });
      }
    });
  });
  say({ type: 'ready' });
}

async function load(folder: string): Promise<{ loop: FrameLoop; frameSamples: number }> {
  const model = readModelPackage(folder);
  await verifyFiles(model);
  const vocabulary = await readVocabulary(model);
  const loop = new FrameLoop(model.manifest, await openGraphs(model), vocabulary);
  await loop.warmUp();
  return { loop, frameSamples: inputFrameSamples(model.manifest) };
}
