import { describe, expect, it } from 'vitest';
import { Answer } from '../../../../../adapters/backends/gemini-live/answer.ts';

const completed = { status: 'completed' } as const;

function answer(lineId: string | null): Answer {
  return new Answer({ lineId, turnId: null, voided: false, nowMs: 1000 });
}

function said(delta: string) {
  return { type: 'line.text', lineId: '', delta, words: null } as const;
}

describe('gemini-live, an answer', () => {
  it('that nobody asked for is held, late words before its end, and given to who asks', () => {
    const it = answer(null);
    it.hold(said('one'));
    expect(it.heldWhole).toBe(false);
    expect(it.holdEnd(completed)).toBe(true);
    expect(it.heldWhole).toBe(true);
    it.hold(said('two'));
    expect(it.give('a', 2000)).toEqual([
      { ...said('one'), lineId: 'a' },
      { ...said('two'), lineId: 'a' },
      { type: 'line.done', lineId: 'a', outcome: completed, usage: null },
    ]);
    expect([it.served, it.unasked, it.heldWhole, it.lastAtMs]).toEqual([true, false, false, 2000]);
  });

  it('that nobody asked for and that says nothing, or fails, is worth nothing', () => {
    expect(answer(null).holdEnd(completed)).toBe(false);
    const cancelled = answer(null);
    cancelled.hold(said('one'));
    expect(cancelled.holdEnd({ status: 'cancelled' })).toBe(false);
  });

  it('holds 2,000 events', () => {
    const it = answer(null);
    for (let n = 0; n < 2000; n += 1) expect(it.hold(said('x'))).toBe(true);
    expect(it.hold(said('x'))).toBe(false);
  });

  it('is due to end 1.5 s after it was played, or after its audio was made', () => {
    const it = answer('a');
    it.audio(3000, 1200);
    it.generationComplete(1300);
    expect([it.generated, it.endAtMs]).toEqual([true, 5500]);
    const short = answer('a');
    short.audio(10, 1200);
    short.generationComplete(2000);
    expect(short.endAtMs).toBe(3500);
  });

  it('lacks words where it was heard and nothing was read, or not to its end', () => {
    const it = answer('a');
    expect(it.lacksWords(false)).toBe(false);
    it.audio(10, 1200);
    expect(it.lacksWords(false)).toBe(true);
    it.text = 'Hi';
    expect([it.lacksWords(false), it.lacksWords(true)]).toEqual([false, true]);
    it.told = true;
    expect(it.lacksWords(true)).toBe(false);
  });

  it('that is voided is nobody’s, and holds nothing', () => {
    const it = answer(null);
    it.hold(said('one'));
    it.void();
    expect([it.voided, it.unasked, it.served]).toEqual([true, false, false]);
    expect(it.give('a', 0)).toEqual([]);
  });
});
