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
  it('spells the bytes it was given in letters and digits', () => {
    const bytes = Uint8Array.from({ length: 21 }, (_, i) => [0, 25, 26, 51, 52, 61, 62][i % 7]!);
    expect(randomIds(() => bytes).next('item')).toBe('item_AZaz09AAZaz09AAZaz09A');
  });

  it('asks for new bytes each time and repeats none', () => {
    const ids = randomIds((count) => randomBytes(count));
    const seen = new Set(Array.from({ length: 10_000 }, () => ids.next('call')));
    expect(seen.size).toBe(10_000);
    for (const id of seen) expect(id).toMatch(/^call_[A-Za-z0-9]{21}$/);
  });
});
