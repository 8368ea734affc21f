import { afterEach, expect, test } from 'vitest';

import { EngineThread } from '../../../adapters/speech/local/shared/engine-thread.ts';
import { workerBeside } from '../../../adapters/shared/thread.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { systemClock } from '../../../src/time/clock.ts';

/** A thread that answers, crashes, ends or hangs as it is told; `start` comes as its data. */
const program = `
  import { parentPort, workerData } from 'node:worker_threads';
  if (workerData === 'refuse') parentPort.postMessage({ type: 'failed', message: 'no such model' });
  if (workerData === 'crash') throw new Error('crashed at once');
  if (workerData !== 'silent') parentPort.postMessage({ type: 'ready', ready: 'as ever' });
  parentPort.on('message', (message) => {
    if (message.type === 'end') parentPort.close();
    if (message === 'crash') throw new Error('crashed');
    if (message === 'exit') process.exit(3);
    if (message === 'echo') parentPort.postMessage({ type: 'reply', reply: 'echo' });
  });
`;
const worker = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
const going = (): AbortSignal => new AbortController().signal;
const threads: EngineThread<unknown, string, string>[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.close()));
});

function make(start: () => Promise<unknown>, startTimeoutMs = 10_000) {
  const told: string[] = [];
  const lost: CallError[] = [];
  const replied: PromiseWithResolvers<void> = Promise.withResolvers();
  const gone: PromiseWithResolvers<void> = Promise.withResolvers();
  const thread = new EngineThread<unknown, string, string>({
    name: 'engine',
    worker,
    clock: systemClock,
    start,
    startTimeoutMs,
    onReady: (ready) => told.push(ready),
    onReply: (reply) => {
      told.push(reply);
      replied.resolve();
    },
    onLost: (error) => {
      lost.push(error);
      gone.resolve();
    },
  });
  threads.push(thread);
  return { thread, told, lost, replied: replied.promise, gone: gone.promise };
}

test('callers share one start, and get replies', async () => {
  const { thread, told, replied } = make(() => Promise.resolve(null));
  await Promise.all([thread.prepare(going()), thread.prepare(going())]);
  thread.send('echo');
  await replied;
  expect(told).toEqual(['as ever', 'echo']);
  expect(thread.figures()).toMatchObject({ ready: 1, starts: 1, losses: 0 });
});

test.each(['crash', 'exit'])(
  'a thread lost by a %s is told once, and can be had again',
  async (how) => {
    const { thread, lost, gone } = make(() => Promise.resolve(null));
    await thread.prepare(going());
    thread.send(how);
    await gone;
    expect(lost).toMatchObject([{ code: 'backend_closed' }]);
    expect(thread.isReady).toBe(false);
    await thread.prepare(going());
    expect(thread.figures()).toMatchObject({ ready: 1, starts: 2, losses: 1 });
    expect(lost).toHaveLength(1);
  },
);

test.each([
  ['refuse', 'engine: no such model'],
  ['crash', 'engine: crashed at once'],
])('a start that fails (%s) says why, and can be tried again', async (data, message) => {
  let wanted: string | null = data;
  const { thread, lost } = make(() => Promise.resolve(wanted));
  await expect(thread.prepare(going())).rejects.toMatchObject({
    code: 'model_unavailable',
    message,
  });
  wanted = null;
  await thread.prepare(going());
  expect(lost).toEqual([]);
});

test('a start that takes too long is given up', async () => {
  const { thread } = make(() => Promise.resolve('silent'), 300);
  await expect(thread.prepare(going())).rejects.toThrow('not ready after 300 ms');
});

test('an abort ends the wait of the one that asked', async () => {
  const { thread } = make(() => Promise.resolve(null));
  const giveUp = new AbortController();
  const [mine, other] = [thread.prepare(giveUp.signal), thread.prepare(going())];
  giveUp.abort();
  await expect(mine).rejects.toMatchObject({ code: 'model_unavailable' });
  await other;
  expect(thread.isReady).toBe(true);
});

test('a close while it starts ends the start; twice is once', async () => {
  const { thread, lost } = make(() => Promise.resolve(null));
  const starting = thread.prepare(going());
  starting.catch(() => undefined);
  await Promise.all([thread.close(), thread.close()]);
  await expect(starting).rejects.toBeInstanceOf(CallError);
  await expect(thread.prepare(going())).rejects.toThrow('engine: is closed');
  expect(lost).toEqual([]);
});

test('a worker lies beside its module, compiled or not', () => {
  expect(workerBeside('file:///a/b/index.ts').href).toBe('file:///a/b/worker.ts');
  expect(workerBeside('file:///a/b/index.js').href).toBe('file:///a/b/worker.js');
});
