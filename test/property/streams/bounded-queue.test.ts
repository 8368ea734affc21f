import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { BoundedQueue, type OverflowPolicy } from '../../../src/streams/bounded-queue.ts';

type Step = 'push' | 'take' | 'drain' | 'close' | 'fail';

const policies = fc.constantFrom<OverflowPolicy>('dropOldest', 'fail');
const step = fc.oneof(
  { weight: 60, arbitrary: fc.constant<Step>('push') },
  { weight: 40, arbitrary: fc.constant<Step>('take') },
  { weight: 2, arbitrary: fc.constantFrom<Step>('drain', 'close', 'fail') },
);

/** What a queue must do, on a plain array. */
class Model {
  readonly limit: number;
  readonly overflow: OverflowPolicy;
  values: number[] = [];
  overflows = 0;
  ended = false;
  error: Error | undefined;

  constructor(limit: number, overflow: OverflowPolicy) {
    this.limit = limit;
    this.overflow = overflow;
  }

  push(value: number): string {
    if (this.ended) return 'closed';
    if (this.values.length < this.limit) {
      this.values.push(value);
      return 'queued';
    }
    this.overflows += 1;
    if (this.overflow === 'fail') return 'failed';
    this.values = [...this.values.slice(1), value];
    return 'dropped';
  }

  end(error?: Error): void {
    if (this.ended) return;
    this.ended = true;
    this.error = error;
    if (error !== undefined) this.values = [];
  }
}

test.prop([
  fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 60, max: 200 })),
  policies,
  fc.array(step, { maxLength: 400, size: 'max' }),
])('BoundedQueue does what a plain array with a limit does', async (limit, overflow, steps) => {
  const queue = new BoundedQueue<number>({ limit, overflow });
  const model = new Model(limit, overflow);
  const iterator = queue[Symbol.asyncIterator]();
  for (const [value, action] of steps.entries()) {
    switch (action) {
      case 'push':
        expect(queue.push(value)).toBe(model.push(value));
        break;
      case 'take':
        if (model.values.length > 0) {
          expect(await iterator.next()).toEqual({ done: false, value: model.values.shift() });
        } else if (model.error !== undefined) {
          await expect(iterator.next()).rejects.toBe(model.error);
        } else if (model.ended) {
          expect(await iterator.next()).toEqual({ done: true, value: undefined });
        }
        break;
      case 'drain':
        expect(queue.drain()).toEqual(model.values.splice(0));
        break;
      case 'close':
        queue.close();
        model.end();
        break;
      case 'fail': {
        const error = new Error(`at ${value}`);
        queue.fail(error);
        model.end(error);
        break;
      }
    }
    expect(queue.size).toBe(model.values.length);
    expect(queue.size).toBeLessThanOrEqual(limit);
    expect(queue.overflows).toBe(model.overflows);
    expect(queue.closed).toBe(model.ended);
  }
  expect(queue.drain()).toEqual(model.values);
});

test.prop([
  fc.integer({ min: 1, max: 300 }),
  fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 30 }),
])(
  'a consumer that runs beside the producer gets all that was not dropped, in order',
  async (limit, bursts) => {
    const queue = new BoundedQueue<number>({ limit, overflow: 'dropOldest' });
    const received: number[] = [];
    const consumer = (async () => {
      for await (const value of queue) received.push(value);
    })();
    let sent = 0;
    for (const burst of bursts) {
      for (let i = 0; i < burst; i += 1) queue.push(sent++);
      await Promise.resolve();
    }
    queue.close();
    await consumer;
    expect(received.length).toBe(sent - queue.overflows);
    expect(received).toEqual([...received].sort((a, b) => a - b));
    if (sent > 0) expect(received.at(-1)).toBe(sent - 1);
  },
);
