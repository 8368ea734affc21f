import { expect, test } from 'vitest';
import { silentLogger, type Logger } from '../../../src/ports/log.ts';
import { SharedPool } from '../../../src/server/shared-pool.ts';
import { stableText } from '../../../src/server/stable-text.ts';

class Thing {
  closes = 0;
  readonly #end: () => Promise<void>;

  constructor(end: () => Promise<void> = () => Promise.resolve()) {
    this.#end = end;
  }

  close(): Promise<void> {
    this.closes += 1;
    return this.#end();
  }
}

test('a thing is shared by its key, and goes with the last share, once', () => {
  const pool = new SharedPool<Thing>({ log: silentLogger });
  const one = pool.hold('k', () => new Thing());
  const other = pool.hold('k', () => new Thing());
  expect(other.thing).toBe(one.thing);
  expect(pool.hold('l', () => new Thing()).thing).not.toBe(one.thing);
  one.release();
  one.release();
  expect([one.thing.closes, pool.things.length]).toEqual([0, 2]);
  other.release();
  expect([one.thing.closes, pool.things.length]).toEqual([1, 1]);
  expect([pool.made, pool.closed]).toEqual([2, 1]);
});

test('after its end the same key gives another one, which an old share does not touch', () => {
  const pool = new SharedPool<Thing>({ log: silentLogger });
  const old = pool.hold('k', () => new Thing());
  old.release();
  const next = pool.hold('k', () => new Thing());
  old.release();
  expect(next.thing).not.toBe(old.thing);
  expect(next.thing.closes).toBe(0);
});

test('what cannot be made holds nothing', () => {
  const pool = new SharedPool<Thing>({ log: silentLogger });
  const fail = (): Thing => {
    throw new Error('no');
  };
  expect(() => pool.hold('k', fail)).toThrow('no');
  expect([pool.made, pool.things.length]).toEqual([0, 0]);
});

test('closing all waits for every end, held or not, and a failing one is in the log', async () => {
  const warned: unknown[] = [];
  const log: Logger = { ...silentLogger, warn: (event, fields) => warned.push([event, fields]) };
  const pool = new SharedPool<Thing>({ log });
  const ending = Promise.withResolvers<undefined>();
  const slow = pool.hold('slow', () => new Thing(() => ending.promise));
  pool.hold('bad', () => new Thing(() => Promise.reject(new Error('stuck'))));
  let over = false;
  const closed = pool.closeAll().then(() => (over = true));
  await Promise.resolve();
  expect(over).toBe(false);
  ending.resolve(undefined);
  await closed;
  slow.release();
  expect(slow.thing.closes).toBe(1);
  expect(warned).toEqual([['part.not_closed', { reason: 'stuck' }]]);
});

test('equal data give equal texts, and others do not', () => {
  expect(stableText({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe(
    stableText({ b: [1, { c: 'x', d: null }] }),
  );
  expect(stableText({ a: 1 })).not.toBe(stableText({ a: '1' }));
  expect(stableText([[1], 2])).not.toBe(stableText([1, [2]]));
});
