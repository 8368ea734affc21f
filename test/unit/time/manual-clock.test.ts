import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/time/manual-clock.ts';

describe('ManualClock', () => {
  it('stands still until it is moved', () => {
    const clock = new ManualClock(5);
    expect(clock.nowMs()).toBe(5);
    clock.advance(2.5);
    expect(clock.nowMs()).toBe(7.5);
  });

  it('fires in order of time, then of creation, at the time that was asked for', () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name}@${clock.nowMs()}`);
    clock.timerAt(20, note('late'));
    clock.timerAt(10, note('first'));
    clock.timerAt(10, note('second'));
    clock.timerAt(31, note('beyond'));
    clock.advance(30);
    expect(fired).toEqual(['first@10', 'second@10', 'late@20']);
    expect(clock.pending).toBe(1);
    expect(clock.nowMs()).toBe(30);
  });

  it('fires timers made by timers in the same move', () => {
    const clock = new ManualClock();
    const times: number[] = [];
    const tick = (): void => {
      times.push(clock.nowMs());
      clock.timerAt(clock.nowMs() + 20, tick);
    };
    clock.timerAt(20, tick);
    clock.advance(70);
    expect(times).toEqual([20, 40, 60]);
  });

  it('fires a timer of the past at the next move, and does not go back', () => {
    const clock = new ManualClock(100);
    const times: number[] = [];
    clock.timerAt(40, () => times.push(clock.nowMs()));
    expect(times).toEqual([]);
    clock.advance(0);
    expect(times).toEqual([100]);
  });

  it('does not fire what was cancelled, not even by a timer of the same moment', () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    clock.timerAt(10, () => {
      fired.push('first');
      second.cancel();
    });
    const second = clock.timerAt(10, () => fired.push('second'));
    clock.advance(10);
    second.cancel();
    expect(fired).toEqual(['first']);
    expect(clock.pending).toBe(0);
  });

  it('stays where a callback moved it', () => {
    const clock = new ManualClock();
    clock.timerAt(10, () => clock.advance(90));
    clock.advance(20);
    expect(clock.nowMs()).toBe(100);
  });

  it.each([-1, NaN])('refuses to move by %s', (byMs) => {
    const clock = new ManualClock();
    expect(() => clock.advance(byMs)).toThrow(RangeError);
  });

  it('moves its wall clock with it', () => {
    const clock = new ManualClock();
    const before = clock.epochMs();
    clock.advance(1_500);
    expect(clock.epochMs() - before).toBe(1_500);
  });

  test.prop([
    fc.array(fc.record({ atMs: fc.nat(50), cancelled: fc.boolean() }), { maxLength: 30 }),
    fc.array(fc.nat(20), { maxLength: 10 }),
  ])('fires each timer once, in a stable order, however time is cut up', (timers, moves) => {
    const clock = new ManualClock();
    const fired: { index: number; nowMs: number }[] = [];
    const handles = timers.map(({ atMs }, index) =>
      clock.timerAt(atMs, () => fired.push({ index, nowMs: clock.nowMs() })),
    );
    timers.forEach(({ cancelled }, index) => {
      if (cancelled) handles[index]!.cancel();
    });
    for (const move of moves) clock.advance(move);
    const expected = timers
      .map(({ atMs, cancelled }, index) => ({ index, nowMs: atMs, cancelled }))
      .filter(({ nowMs, cancelled }) => !cancelled && nowMs <= clock.nowMs() && moves.length > 0)
      .sort((a, b) => a.nowMs - b.nowMs || a.index - b.index)
      .map(({ index, nowMs }) => ({ index, nowMs }));
    expect(fired).toEqual(expected);
  });
});
