import { describe, expect, it } from 'vitest';
import { Beginning } from '../../../../../adapters/backends/openai-live/beginning.ts';
import { Pulse } from '../../../../../adapters/backends/openai-live/pulse.ts';
import { ManualClock } from '../../../../../src/time/manual-clock.ts';

describe('openai-live, when the first session is started', () => {
  function beginning() {
    const clock = new ManualClock();
    const begun: number[] = [];
    return { clock, begun, start: new Beginning(clock, () => begun.push(clock.nowMs())) };
  }

  it('is once nothing changed for 100 ms', () => {
    const { clock, begun, start } = beginning();
    start.settle();
    clock.advance(99);
    start.settle();
    clock.advance(99);
    expect([begun, start.begun]).toEqual([[], false]);
    clock.advance(1);
    expect([begun, start.begun]).toEqual([[199], true]);
  });

  it('is at once where it is wanted now, and only then', () => {
    const { clock, begun, start } = beginning();
    start.settle();
    start.now();
    start.now();
    start.settle();
    clock.advance(1000);
    expect([begun, clock.pending]).toEqual([[0], 0]);
  });

  it('is never after the end', () => {
    const { clock, begun, start } = beginning();
    start.settle();
    start.close();
    clock.advance(1000);
    expect([begun, clock.pending]).toEqual([[], 0]);
  });
});

describe('openai-live, signs of life', () => {
  it('lack where no frame came for more than 5 s', () => {
    const pulse = new Pulse();
    pulse.restart(1000);
    expect([pulse.stalled(6000), pulse.stalled(6001)]).toEqual([false, true]);
    pulse.agent(false, 6001);
    expect(pulse.stalled(6001)).toBe(false);
  });

  it('are over 1.5 s after the agent, and 3 s after a caller who has no answer', () => {
    const pulse = new Pulse();
    expect(pulse.quiet(0)).toBe(true);
    pulse.caller(1000);
    expect([pulse.quiet(4000), pulse.quiet(4001)]).toEqual([false, true]);
    pulse.agent(true, 2000);
    expect([pulse.quiet(3500), pulse.quiet(3501)]).toEqual([false, true]);
    pulse.agent(false, 3400);
    expect(pulse.quiet(3501)).toBe(true);
  });
});
