import { describe, expect, it } from 'vitest';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';

async function collect<T>(queue: BoundedQueue<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of queue) values.push(value);
  return values;
}

describe('BoundedQueue', () => {
  it('delivers in order and ends after close', async () => {
    const queue = new BoundedQueue<number>({ limit: 3, overflow: 'fail' });
    for (const value of [1, 2, 3]) queue.push(value);
    queue.close();
    expect(await collect(queue)).toEqual([1, 2, 3]);
    expect(queue.closed).toBe(true);
  });

  it('drops the oldest value and counts it', async () => {
    const queue = new BoundedQueue<number>({ limit: 2, overflow: 'dropOldest' });
    expect([1, 2, 3, 4].map((value) => queue.push(value))).toEqual([
      'queued',
      'queued',
      'dropped',
      'dropped',
    ]);
    expect(queue.overflows).toBe(2);
    queue.close();
    expect(await collect(queue)).toEqual([3, 4]);
  });

  it('refuses the newest value and counts it', async () => {
    const queue = new BoundedQueue<number>({ limit: 1, overflow: 'fail' });
    expect([1, 2].map((value) => queue.push(value))).toEqual(['queued', 'failed']);
    expect(queue.overflows).toBe(1);
    expect(queue.closed).toBe(false);
    queue.close();
    expect(await collect(queue)).toEqual([1]);
  });

  it('hands a value to a consumer that waits, without holding it', async () => {
    const queue = new BoundedQueue<string>({ limit: 1, overflow: 'fail' });
    const next = queue[Symbol.asyncIterator]().next();
    expect(queue.push('a')).toBe('queued');
    expect(queue.size).toBe(0);
    expect(queue.push('b')).toBe('queued');
    expect(await next).toEqual({ done: false, value: 'a' });
  });

  it('ends a consumer that waits when it is closed', async () => {
    const queue = new BoundedQueue<string>({ limit: 1, overflow: 'fail' });
    const next = queue[Symbol.asyncIterator]().next();
    queue.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('takes nothing after it was closed', () => {
    const queue = new BoundedQueue<number>({ limit: 1, overflow: 'dropOldest' });
    queue.close();
    queue.close();
    expect(queue.push(1)).toBe('closed');
    expect(queue.size).toBe(0);
    expect(queue.overflows).toBe(0);
  });

  it('fails a consumer that waits, and every later one', async () => {
    const queue = new BoundedQueue<number>({ limit: 1, overflow: 'fail' });
    const waiting = queue[Symbol.asyncIterator]().next();
    const error = new Error('backend gone');
    queue.fail(error);
    await expect(waiting).rejects.toBe(error);
    await expect(collect(queue)).rejects.toBe(error);
  });

  it('throws away what it held when it fails', async () => {
    const queue = new BoundedQueue<number>({ limit: 2, overflow: 'fail' });
    queue.push(1);
    queue.fail(new Error('backend gone'));
    expect(queue.size).toBe(0);
    expect(queue.push(2)).toBe('closed');
    await expect(collect(queue)).rejects.toThrow('backend gone');
  });

  it('keeps to an orderly end when a failure comes after it', async () => {
    const queue = new BoundedQueue<number>({ limit: 1, overflow: 'fail' });
    queue.push(1);
    queue.close();
    queue.fail(new Error('too late'));
    expect(await collect(queue)).toEqual([1]);
  });

  it('lets one consumer wait and refuses a second', async () => {
    const queue = new BoundedQueue<number>({ limit: 1, overflow: 'fail' });
    const first = queue[Symbol.asyncIterator]().next();
    await expect(queue[Symbol.asyncIterator]().next()).rejects.toThrow(TypeError);
    queue.push(7);
    expect(await first).toEqual({ done: false, value: 7 });
  });

  it('is closed by a consumer that leaves its loop', async () => {
    const queue = new BoundedQueue<number>({ limit: 3, overflow: 'fail' });
    for (const value of [1, 2, 3]) queue.push(value);
    for await (const value of queue) if (value === 2) break;
    expect(queue.closed).toBe(true);
    expect(queue.size).toBe(0);
  });

  it('drains what waits and makes room', () => {
    const queue = new BoundedQueue<number>({ limit: 2, overflow: 'fail' });
    queue.push(1);
    queue.push(2);
    expect(queue.drain()).toEqual([1, 2]);
    expect(queue.drain()).toEqual([]);
    expect(queue.push(3)).toBe('queued');
  });

  it('carries undefined as a value', async () => {
    const queue = new BoundedQueue<undefined>({ limit: 1, overflow: 'fail' });
    queue.push(undefined);
    queue.close();
    expect(await collect(queue)).toEqual([undefined]);
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses a limit of %s', (limit) => {
    expect(() => new BoundedQueue({ limit, overflow: 'fail' })).toThrow(RangeError);
  });

  it('gives values to a callback, in order, outside the push', async () => {
    const queue = new BoundedQueue<number>({ limit: 4, overflow: 'fail' });
    const taken: number[] = [];
    queue.push(1);
    const over = queue.consume((value) => {
      taken.push(value);
      if (value === 2) queue.push(4);
      return true;
    });
    expect(taken).toEqual([]);
    await Promise.resolve();
    expect(taken).toEqual([1]);
    queue.push(2);
    queue.push(3);
    expect(taken).toEqual([1]);
    queue.close();
    await over;
    expect(taken).toEqual([1, 2, 3]);
    expect(queue.size).toBe(0);
  });

  it('ends when the callback wants no more', async () => {
    const queue = new BoundedQueue<number>({ limit: 4, overflow: 'fail' });
    for (const value of [1, 2, 3]) queue.push(value);
    const taken: number[] = [];
    await queue.consume((value) => taken.push(value) < 2);
    expect(taken).toEqual([1, 2]);
    expect(queue.push(4)).toBe('closed');
    expect(queue.size).toBe(0);
  });

  it('rejects with its error, with what the callback throws, and for a second consumer', async () => {
    const failing = new BoundedQueue<number>({ limit: 1, overflow: 'fail' });
    const over = failing.consume(() => true);
    await expect(failing.consume(() => true)).rejects.toThrow(TypeError);
    await expect(failing[Symbol.asyncIterator]().next()).rejects.toThrow(TypeError);
    const error = new Error('backend gone');
    failing.fail(error);
    await expect(over).rejects.toBe(error);
    const queue = new BoundedQueue<number>({ limit: 1, overflow: 'fail' });
    queue.push(1);
    const thrown = queue.consume(() => {
      throw error;
    });
    await expect(thrown).rejects.toBe(error);
    expect(queue.closed).toBe(true);
  });
});
