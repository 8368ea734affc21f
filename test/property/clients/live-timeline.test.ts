import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { frameMs, Timeline } from '../../../adapters/clients/openai-live/timeline.ts';
import { OutputTrack } from '../../../adapters/clients/openai-live/track.ts';
import { Placing } from '../../../adapters/clients/openai-live/placing.ts';
import { pcm16k, pcm24k, pcma8k, pcmu8k } from '../../../src/audio/format.ts';

const formats = fc.constantFrom(pcm24k, pcm16k, pcmu8k, pcma8k);

/** Takes what is due until `untilMs`, as timers would. */
function runTo(timeline: Timeline, fromMs: number, untilMs: number): void {
  let nowMs = fromMs;
  for (;;) {
    while (timeline.take(nowMs));
    const wakeAtMs = timeline.wakeAtMs;
    if (wakeAtMs === null || wakeAtMs > untilMs) return;
    nowMs = Math.max(nowMs, wakeAtMs);
  }
}

test.prop([
  fc.array(fc.record({ ms: fc.integer({ min: 1, max: 400 }), gapMs: fc.nat(3_000) }), {
    maxLength: 200,
  }),
])('audio in real time, with gaps: the track is within a frame of the clock', (pieces) => {
  const timeline = new Timeline(24_000);
  let nowMs = 0;
  for (const { ms, gapMs } of pieces) {
    // A piece comes when it has been spoken.
    nowMs += ms + (gapMs > 2_000 ? gapMs : 0);
    timeline.advance(ms * 24, nowMs);
    runTo(timeline, nowMs, nowMs);
    // The first piece is told of when it ends; the track may be that much behind.
    expect(timeline.trackMs).toBeLessThanOrEqual(timeline.inputMs);
  }
  runTo(timeline, nowMs, nowMs + 500);
  expect(timeline.inputMs - timeline.trackMs).toBeLessThan(frameMs);
});

test.prop([fc.integer({ min: 1, max: 60_000 })])('a heap of audio is not run through', (ms) => {
  const timeline = new Timeline(8_000);
  timeline.advance(ms * 8, 0);
  runTo(timeline, 0, 1_000);
  expect(timeline.trackMs).toBeLessThanOrEqual(1_400);
  runTo(timeline, 1_000, 100_000);
  expect(timeline.inputMs - timeline.trackMs).toBeLessThan(frameMs);
});

test('ten minutes of audio with a drifting clock stay within a frame', () => {
  const timeline = new Timeline(24_000);
  let worstMs = 0;
  for (let piece = 1; piece <= 30_000; piece += 1) {
    // The client's clock is 300 millionths fast.
    const nowMs = piece * 20 * (1 - 0.0003);
    timeline.advance(480, nowMs);
    while (timeline.take(nowMs));
    worstMs = Math.max(worstMs, timeline.inputMs - timeline.trackMs);
  }
  expect(worstMs).toBeLessThanOrEqual(2 * frameMs);
});

test.prop([formats, fc.array(fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.constant('cut')))])(
  'speech is placed whole and once, in order, and nothing of what was cut',
  (format, moves) => {
    const { frameSamples } = new Timeline(format.rateHz);
    const sampleBytes = format.codec === 'pcm16' ? 2 : 1;
    const track = new OutputTrack(format, frameSamples);
    const silence = format.codec === 'pcmu' ? 0xff : format.codec === 'pcma' ? 0xd5 : 0;
    let expected: number[] = [];
    const heard: number[] = [];
    let mark = 0;
    let position = 0;
    let cutSamples = 0;
    const take = (): void => {
      const { bytes } = track.frame();
      expect(bytes.byteLength).toBe(frameSamples * sampleBytes);
      for (const byte of bytes) if (byte !== silence) heard.push(byte);
    };
    for (const move of moves) {
      if (move === 'cut') {
        take();
        track.cut();
        cutSamples += expected.length - heard.length;
        expected = heard.slice();
        continue;
      }
      mark = (mark % 100) + 1;
      const bytes = new Uint8Array(move * sampleBytes).fill(mark);
      track.audio({ lineId: 'l', itemId: 'i', lineStartSample: position, bytes });
      position += move;
      for (const byte of bytes) expected.push(byte);
    }
    while (track.waiting) take();
    expect(heard).toEqual(expected);
    expect(cutSamples).toBeGreaterThanOrEqual(0);
    expect(track.dropped).toBe(0);
  },
);

test.prop([fc.array(fc.tuple(fc.double({ min: -500, max: 1e6, noNaN: true }), fc.nat(9_999)))])(
  'places are whole, never go back, and never end before they start',
  (stretches) => {
    const placing = new Placing();
    let lastStartMs = 0;
    for (const [startMs, lengthMs] of stretches) {
      const { start_ms, end_ms } = placing.place(startMs, startMs + lengthMs);
      expect(Number.isSafeInteger(start_ms) && Number.isSafeInteger(end_ms)).toBe(true);
      expect(start_ms).toBeGreaterThanOrEqual(lastStartMs);
      expect(end_ms).toBeGreaterThanOrEqual(start_ms);
      lastStartMs = start_ms;
    }
  },
);
