import { describe, expect, it } from 'vitest';
import { defaultStall, longPatience, patienceWith } from '../../../src/call/stall-patience.ts';
import { LineTrack } from '../../../src/call/line-track.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { plainLine, plainScope } from '../../support/call-harness.ts';
import { PlayoutClock } from '../../../src/call/playout.ts';
import { StallWatch, type Vigil } from '../../../src/call/stall-watch.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';

function setUp(patience = longPatience) {
  const clock = new ManualClock();
  const seen = { stalls: 0, firstAudios: [] as number[], dry: [] as number[], missed: 0 };
  const at = { dryMs: null as number | null, rests: false };
  const vigil: Vigil = {
    patience: () => patience,
    rests: () => at.rests,
    firstAudio: (tookMs) => seen.firstAudios.push(tookMs),
    dried: (forMs) => seen.dry.push(forMs),
    missed: () => (seen.missed += 1),
  };
  const watch = new StallWatch({
    scope: plainScope(clock),
    vigil: () => vigil,
    dryAtMs: () => at.dryMs,
    onStalled: () => (seen.stalls += 1),
  });
  const track = (): LineTrack =>
    new LineTrack(plainLine(), pcm24k, new PlayoutClock(24_000), clock.nowMs());
  const event = (line: LineTrack, type: BackendEvent['type'], audioMs = 0): void => {
    watch.event(line, type);
    line.generatedSamples += audioMs * 24;
    if (audioMs > 0) at.dryMs = Math.max(at.dryMs ?? 0, clock.nowMs()) + audioMs;
    watch.taken(line, type);
  };
  return { clock, watch, track, event, seen, at };
}

describe('stall watch', () => {
  it('notices silence of a backend that owes a line', () => {
    const { clock, watch, track, seen } = setUp();
    watch.watch([track()]);
    clock.advance(19_999);
    expect(seen.stalls).toBe(0);
    clock.advance(1);
    expect(seen.stalls).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('waits as long again after a sign of life', () => {
    const { clock, watch, track, event, seen } = setUp();
    const line = track();
    watch.watch([line]);
    clock.advance(15_000);
    event(line, 'line.started');
    clock.advance(19_999);
    expect(seen.stalls).toBe(0);
    clock.advance(1);
    expect(seen.stalls).toBe(1);
  });

  it('watches each of several lines', () => {
    const { clock, watch, track, seen } = setUp();
    const first = track();
    clock.advance(5000);
    const second = track();
    watch.watch([first, second]);
    clock.advance(10_000);
    first.closed = true;
    clock.advance(9999);
    expect(seen.stalls).toBe(0);
    clock.advance(1);
    expect(seen.stalls).toBe(1);
  });

  it('expects nothing more of a line that the backend has finished', () => {
    const { clock, watch, track, seen } = setUp();
    const line = track();
    watch.watch([line]);
    line.outcome = { outcome: { status: 'completed' }, usage: null };
    clock.advance(100_000);
    expect(seen.stalls).toBe(0);
    watch.watch([line]);
    expect(clock.pending).toBe(0);
    const held = track();
    watch.watch([held]);
    watch.said(held);
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

describe('stall watch, with patience', () => {
  const patience = { answerMs: 3000, dryMs: 700 };

  it('waits for the beginning, then only for as long as nothing is left to be heard', () => {
    const { clock, watch, track, event, seen } = setUp(patience);
    const line = track();
    watch.watch([line]);
    clock.advance(2000);
    event(line, 'line.audio', 500);
    expect(seen.firstAudios).toEqual([2000]);
    clock.advance(1199);
    expect(seen.stalls).toBe(0);
    clock.advance(1);
    expect(seen.stalls).toBe(1);
  });

  it('lets a burst be played before it expects more', () => {
    const { clock, watch, track, event, seen } = setUp(patience);
    const line = track();
    watch.watch([line]);
    event(line, 'line.audio', 10_000);
    clock.advance(10_699);
    expect(seen.stalls).toBe(0);
    clock.advance(1);
    expect(seen.stalls).toBe(1);
  });

  it('bears a longer pause where a sentence has ended', () => {
    const { clock, watch, track, event, seen } = setUp(patience);
    const line = track();
    watch.watch([line]);
    line.text.append('One moment.', null);
    event(line, 'line.audio', 500);
    clock.advance(3499);
    expect(seen.stalls).toBe(0);
    line.text.append(' And', null);
    event(line, 'line.text');
    clock.advance(700);
    expect(seen.stalls).toBe(1);
  });

  it('tells how long the player was dry before it went on', () => {
    const { clock, watch, track, event, seen } = setUp(patience);
    const line = track();
    watch.watch([line]);
    event(line, 'line.audio', 100);
    clock.advance(110);
    event(line, 'line.audio', 100);
    clock.advance(400);
    event(line, 'line.audio', 100);
    expect(seen.dry).toEqual([300]);
    expect(seen.firstAudios).toEqual([0]);
  });

  it('tells of audio that falls behind real time in a sentence, not between two of them', () => {
    const { clock, watch, track, event, seen, at } = setUp(patience);
    const line = track();
    watch.watch([line]);
    line.text.append('One two', null, null);
    event(line, 'line.audio', 200);
    clock.advance(399);
    event(line, 'line.audio', 200);
    expect(seen.missed).toBe(0);
    clock.advance(400);
    event(line, 'line.audio', 200);
    expect(seen.missed).toBe(1);
    line.text.append(' three.', null, null);
    clock.advance(400);
    // The next sentence is told before its sound.
    event(line, 'line.text');
    line.text.append(' Four', null, null);
    event(line, 'line.audio', 200);
    expect(seen.missed).toBe(1);
    at.rests = true;
    clock.advance(600);
    event(line, 'line.audio', 200);
    expect(seen.missed).toBe(1);
    watch.late();
    expect(seen.missed).toBe(2);
  });

  it('does not count while a tool runs, until that has gone on for long', () => {
    const { clock, watch, track, at, seen } = setUp(patience);
    at.rests = true;
    watch.watch([track()]);
    clock.advance(19_999);
    expect(seen.stalls).toBe(0);
    clock.advance(1);
    expect(seen.stalls).toBe(1);
    const other = setUp(patience);
    other.at.rests = true;
    other.watch.watch([other.track()]);
    other.clock.advance(5000);
    other.at.rests = false;
    other.clock.advance(500);
    expect(other.seen.stalls).toBe(1);
  });

  it('looks again at a line that is held', () => {
    const { clock, watch, track, event, seen, at } = setUp(patience);
    const line = track();
    watch.watch([line]);
    event(line, 'line.audio', 200);
    at.dryMs = null;
    clock.advance(5000);
    expect(seen.stalls).toBe(0);
    at.dryMs = 5000;
    clock.advance(1300);
    expect(seen.stalls).toBe(1);
  });
});

describe('patience', () => {
  const p = (firstAudioP95Ms: number | null, dryP95Ms: number | null = null) =>
    patienceWith(defaultStall, { firstAudioP95Ms, dryP95Ms });

  it('is three times the usual, between 2.5 s and 8 s, and the most where nothing is known', () => {
    expect(p(500).answerMs).toBe(2500);
    expect(p(1200).answerMs).toBe(3600);
    expect(p(9000).answerMs).toBe(8000);
    expect(p(null).answerMs).toBe(8000);
  });

  it('bears the pauses that a backend is used to make, and never more than for an answer', () => {
    expect(p(900).dryMs).toBe(700);
    expect(p(900, 400).dryMs).toBe(1200);
    expect(p(900, 4000).dryMs).toBe(2700);
  });
});
