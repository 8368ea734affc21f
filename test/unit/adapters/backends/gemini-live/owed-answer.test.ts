import { describe, expect, it } from 'vitest';
import { OwedAnswer } from '../../../../../adapters/backends/gemini-live/owed-answer.ts';

function asked(...timesMs: number[]): OwedAnswer {
  const owed = new OwedAnswer();
  for (const atMs of timesMs) owed.request(atMs);
  return owed;
}

describe('gemini-live, the answer that is owed', () => {
  it('may begin at once where nothing was asked before', () => {
    expect(asked().mayBegin(0)).toBe(false);
    expect(asked(100).mayBegin(100)).toBe(true);
    expect(asked(100).askedAtMs).toBe(100);
  });

  it('waits for what of an older one is on its way, unless that is over', () => {
    const owed = asked(0, 100);
    expect(owed.mayBegin(349)).toBe(false);
    expect(owed.mayBegin(350)).toBe(true);
    const next = asked(0, 100);
    next.isNext(120);
    expect(next.mayBegin(120)).toBe(true);
  });

  it('is there whether or not somebody wants it', () => {
    const owed = asked(0);
    owed.unwant();
    expect([owed.exists, owed.wanted]).toEqual([true, false]);
    expect(owed.want()).toBe(true);
    expect(owed.wanted).toBe(true);
    owed.settle();
    expect(owed.want()).toBe(false);
    expect([owed.exists, owed.wanted, owed.askedAtMs]).toEqual([false, false, null]);
  });

  it('keeps the words before its audio until they are taken, or something else is asked', () => {
    const owed = asked(0);
    owed.hear('Good ');
    owed.hear('day');
    expect(owed.takeEarly()).toBe('Good day');
    expect(owed.takeEarly()).toBe('');
    owed.hear('Well');
    owed.request(10);
    expect(owed.takeEarly()).toBe('');
  });
});
