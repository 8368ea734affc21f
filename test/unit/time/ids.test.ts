import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { countingIds, randomIds } from '../../../src/time/ids.ts';

describe('countingIds', () => {
  it('counts each prefix by itself, from one', () => {
    const ids = countingIds();
    expect([ids.next('item'), ids.next('item'), ids.next('line'), ids.next('item')]).toEqual([
      'item_1',
      'item_2',
      'line_1',
      'item_3',
    ]);
  });

  it('gives a replay the same ids', () => {
    const prefixes = ['item', 'line', 'item'];
    const [first, second] = [countingIds(), countingIds()];
    expect(prefixes.map((p) => second.next(p))).toEqual(prefixes.map((p) => first.next(p)));
  });
});

describe('randomIds', () => {
  it('spells its random stem in letters and digits, and counts behind it', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => [0, 25, 26, 51, 52, 61, 62][i % 7]!);
    const ids = randomIds(() => bytes);
    expect(ids.next('item')).toBe('item_AZaz09AAZaz09AAZAAAAA');
    expect(ids.next('line')).toBe('line_AZaz09AAZaz09AAZBAAAA');
  });

  it('takes a new stem after 100,000 ids', () => {
    let asked = 0;
    const ids = randomIds((count) => new Uint8Array(count).fill(asked++));
    for (let id = 0; id < 100_000; id += 1) ids.next('event');
    expect(asked).toBe(1);
    expect(ids.next('event')).toBe(`event_${'B'.repeat(16)}AAAAA`);
  });

  it('repeats none', () => {
    const ids = randomIds((count) => randomBytes(count));
    const seen = new Set(Array.from({ length: 250_000 }, () => ids.next('call')));
    expect(seen.size).toBe(250_000);
    for (const id of seen) {
      if (!/^call_[A-Za-z0-9]{21}$/.test(id)) throw new Error(id);
    }
  });
});
