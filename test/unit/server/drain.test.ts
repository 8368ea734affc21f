import { expect, test } from 'vitest';
import { Drain } from '../../../src/server/drain.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';

function rig(): { clock: ManualClock; drain: Drain; closed: string[]; add: (id: string) => void } {
  const clock = new ManualClock();
  const drain = new Drain({ clock, drainMs: 60_000, closeMs: 5_000 });
  const closed: string[] = [];
  const add = (id: string): void =>
    drain.add(id, { close: ({ kind }) => void closed.push(`${id} ${kind}`) });
  return { clock, drain, closed, add };
}

async function isOver(promise: Promise<void>): Promise<boolean> {
  return await Promise.race([
    promise.then(() => true),
    new Promise<false>((r) => setImmediate(r, false)),
  ]);
}

test('with no calls it is over at once', async () => {
  const { drain, clock } = rig();
  expect(drain.draining).toBe(false);
  expect(await isOver(drain.begin())).toBe(true);
  expect(drain.draining).toBe(true);
  expect(clock.pending).toBe(0);
});

test('waits for the last call, and closes none that ends by itself', async () => {
  const { clock, drain, closed, add } = rig();
  add('a');
  add('b');
  const over = drain.begin();
  clock.advance(59_999);
  drain.remove('a');
  expect(await isOver(over)).toBe(false);
  drain.remove('b');
  expect(await isOver(over)).toBe(true);
  expect(closed).toEqual([]);
  expect(clock.pending).toBe(0);
});

test('closes at the deadline what is left, and waits for it only so long', async () => {
  const { clock, drain, closed, add } = rig();
  add('a');
  const over = drain.begin();
  expect(drain.begin()).toBe(over);
  clock.advance(60_000);
  expect(await isOver(over)).toBe(false);
  expect(closed).toEqual(['a shutdown']);
  clock.advance(5_000);
  expect(await isOver(over)).toBe(true);
});
