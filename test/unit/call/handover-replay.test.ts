import { describe, expect, it } from 'vitest';
import { ChunkTimeline } from '../../../src/audio/chunk.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { PacedReplay } from '../../../src/call/handover-replay.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { silence } from '../../support/call-harness.ts';
import type { BackendCommand } from '../../../src/ports/backend.ts';

function setUp(soundMs: number, paced: boolean) {
  const clock = new ManualClock();
  const timeline = new ChunkTimeline(pcm24k);
  const sent: BackendCommand[] = [];
  let done = 0;
  const piece = (ms: number): BackendCommand => ({
    type: 'audio',
    chunk: timeline.append(silence(ms), clock.nowMs()),
  });
  const pieces = Array.from({ length: soundMs / 200 }, () => piece(200));
  const replay = new PacedReplay([...pieces, { type: 'clear' }], {
    clock,
    paced,
    send: (command) => sent.push(command),
    onDone: () => (done += 1),
  });
  const sentMs = (): number => sent.filter(({ type }) => type === 'audio').length * 200;
  return { clock, replay, sent, sentMs, piece, done: () => done };
}

describe('what a backend is told again', () => {
  it('goes at once to one that takes it so', () => {
    const { replay, sent, clock, done } = setUp(14_000, false);
    replay.start();
    expect(sent.at(-1)).toEqual({ type: 'clear' });
    expect([done(), replay.done, clock.pending]).toEqual([1, true, 0]);
  });

  it('goes as a burst of 5 s to one that listens in real time, and hardly faster after that', () => {
    const { replay, sentMs, clock, done } = setUp(10_000, true);
    replay.start();
    expect(sentMs()).toBe(5000);
    clock.advance(2000);
    expect(sentMs()).toBe(7400);
    expect(done()).toBe(0);
    clock.advance(2000);
    expect([sentMs(), done(), clock.pending]).toEqual([10_000, 1, 0]);
  });

  it('keeps what comes meanwhile behind it', () => {
    const { replay, sent, clock, piece } = setUp(6000, true);
    replay.start();
    replay.push(piece(20));
    clock.advance(2000);
    expect(sent.slice(-2).map(({ type }) => type)).toEqual(['clear', 'audio']);
    const starts = sent.flatMap((command) =>
      command.type === 'audio' ? [command.chunk.startSample] : [],
    );
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  });

  it('sends nothing more once it is given up', () => {
    const { replay, sent, clock } = setUp(10_000, true);
    replay.start();
    const before = sent.length;
    replay.close();
    clock.advance(10_000);
    expect([sent.length, clock.pending]).toEqual([before, 0]);
  });
});
