import { describe, expect, it } from 'vitest';
import { LineTrack } from '../../../src/call/line-track.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { plainLine, plainScope } from '../../support/call-harness.ts';
import { PlayoutClock } from '../../../src/call/playout.ts';
import { StallWatch } from '../../../src/call/stall-watch.ts';

function setUp() {
  const clock = new ManualClock();
  let stalls = 0;
  const watch = new StallWatch(plainScope(clock), () => {
    stalls += 1;
  });
  const track = (): LineTrack =>
    new LineTrack(plainLine(), pcm24k, new PlayoutClock(24_000), clock.nowMs());
  return { clock, watch, track, stalls: () => stalls };
}

describe('stall watch', () => {
  it('notices 20 s without a sign of life from a backend that owes a line', () => {
    const { clock, watch, track, stalls } = setUp();
    watch.watch([track()]);
    clock.advance(19_999);
    expect(stalls()).toBe(0);
    clock.advance(1);
    expect(stalls()).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('waits as long again after a sign of life', () => {
    const { clock, watch, track, stalls } = setUp();
    const line = track();
    watch.watch([line]);
    clock.advance(15_000);
    line.lastEventAtMs = clock.nowMs();
    clock.advance(19_999);
    expect(stalls()).toBe(0);
    clock.advance(1);
    expect(stalls()).toBe(1);
  });

  it('watches each of several lines', () => {
    const { clock, watch, track, stalls } = setUp();
    const first = track();
    clock.advance(5000);
    const second = track();
    watch.watch([first, second]);
    clock.advance(10_000);
    first.closed = true;
    clock.advance(9999);
    expect(stalls()).toBe(0);
    clock.advance(1);
    expect(stalls()).toBe(1);
  });

  it('expects nothing more of a line that the backend has finished', () => {
    const { clock, watch, track, stalls } = setUp();
    const line = track();
    watch.watch([line]);
    line.outcome = { outcome: { status: 'completed' }, usage: null };
    clock.advance(100_000);
    expect(stalls()).toBe(0);
    watch.watch([line]);
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer behind', () => {
    const { clock, watch, track } = setUp();
    watch.watch([track()]);
    watch.watch([track()]);
    expect(clock.pending).toBe(1);
    watch.close();
    expect(clock.pending).toBe(0);
  });
});
