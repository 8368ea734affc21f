import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallerAudio } from '../../../../../adapters/backends/hydra/caller-audio.ts';
import { zeroCounters } from '../../../../../adapters/backends/hydra/counters.ts';
import { ChunkTimeline } from '../../../../../src/audio/chunk.ts';
import { pcm16k } from '../../../../../src/audio/format.ts';
import { ManualClock } from '../../../../../src/time/manual-clock.ts';

function rig() {
  const clock = new ManualClock();
  const counters = zeroCounters();
  const sent: Uint8Array[] = [];
  const timeline = new ChunkTimeline(pcm16k);
  const state = { takes: true, next: 1 };
  const audio = new CallerAudio({
    clock,
    counters,
    send: (bytes) => {
      if (state.takes) sent.push(bytes.slice());
      return state.takes;
    },
    onDropped: () => undefined,
  });
  return {
    audio,
    clock,
    counters,
    sent,
    state,
    /** Sends samples that count up, so that none can be lost or swapped unnoticed. */
    push: (samples: number) => {
      const pcm = Int16Array.from({ length: samples }, () => state.next++ % 30_000);
      return audio.push(timeline.append(new Uint8Array(pcm.buffer), 0));
    },
  };
}

const samplesOf = (pieces: readonly Uint8Array[]): number[] =>
  pieces.flatMap((bytes) => [...new Int16Array(bytes.slice().buffer)]);

describe('hydra, caller audio', () => {
  it('goes in pieces of 10 to 40 ms, whatever it comes in, every sample once and in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 40 }), (lengths) => {
        const { audio, push, sent } = rig();
        audio.start();
        for (const length of lengths) push(length);
        for (const { byteLength } of sent) {
          expect(byteLength).toBeGreaterThanOrEqual(320);
          expect(byteLength).toBeLessThanOrEqual(1282);
        }
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const values = samplesOf(sent);
        expect(total - values.length).toBeLessThan(160);
        expect(values).toEqual(values.map((_, i) => (i + 1) % 30_000));
        audio.close();
      }),
    );
  });

  it('is not held back where it comes in pieces that can be sent', () => {
    const { audio, push, sent } = rig();
    audio.start();
    push(301);
    push(320);
    expect(sent.map(({ byteLength }) => byteLength)).toEqual([602, 640]);
    audio.close();
  });

  it('is followed by silence in real time once it stops, after 200 ms', () => {
    const { audio, clock, counters, push, sent } = rig();
    audio.start();
    push(320);
    clock.advance(190);
    expect(sent).toHaveLength(1);
    clock.advance(110);
    const samples = (): number => sent.reduce((sum, { byteLength }) => sum + byteLength / 2, 0);
    expect(samples()).toBe(320 + 300 * 16);
    clock.advance(1000);
    expect(samples()).toBe(320 + 1300 * 16);
    expect(counters.silenceSamples).toBe(1300 * 16);
    push(320);
    clock.advance(150);
    expect(samples()).toBe(640 + 1300 * 16);
    audio.close();
    expect(clock.pending).toBe(0);
  });

  it('sends what was too short to go alone before the silence', () => {
    const { audio, clock, push, sent } = rig();
    audio.start();
    push(100);
    expect(sent).toEqual([]);
    clock.advance(200);
    expect(samplesOf(sent.slice(0, 1)).slice(0, 101)).toEqual([
      ...Array.from({ length: 100 }, (_, i) => i + 1),
      0,
    ]);
    expect(audio.endSample).toBe(100);
    audio.close();
  });

  it('makes up for a stall of ours with a second of silence at most', () => {
    let nowMs = 0;
    let look: () => void = () => undefined;
    const sent: Uint8Array[] = [];
    const audio = new CallerAudio({
      clock: {
        nowMs: () => nowMs,
        epochMs: () => 0,
        timerAt: (_atMs, callback) => {
          look = callback;
          return { cancel: () => undefined };
        },
      },
      counters: zeroCounters(),
      send: (bytes) => sent.push(bytes) > 0,
      onDropped: () => undefined,
    });
    audio.start();
    nowMs = 60_000;
    look();
    const samples = (): number => sent.reduce((sum, { byteLength }) => sum + byteLength / 2, 0);
    expect(samples()).toBe(16_000);
    nowMs = 60_100;
    look();
    expect(samples()).toBe(16_000 + 1600);
    audio.close();
  });

  it('says what the upstream did not take', () => {
    const { audio, counters, push, state } = rig();
    audio.start();
    state.takes = false;
    expect(push(1280)).toBe('overflow');
    expect(counters.inputOverflowSamples).toBe(1280);
    state.takes = true;
    expect(push(320)).toBe('ok');
    // The next position is the one behind the hole.
    expect(audio.endSample).toBe(1600);
    audio.close();
  });
});
