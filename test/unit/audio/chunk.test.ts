import { describe, expect, it } from 'vitest';
import { ChunkTimeline, chunkDurationMs } from '../../../src/audio/chunk.ts';
import { pcm16k } from '../../../src/audio/format.ts';

const of20ms = (): Uint8Array => new Uint8Array(640);

describe('ChunkTimeline', () => {
  it('dates a chunk back by its duration, but not before the call began', () => {
    const timeline = new ChunkTimeline(pcm16k);
    expect(timeline.append(of20ms(), 5).atMs).toBe(0);
    expect(timeline.append(of20ms(), 100).atMs).toBe(80);
    expect(timeline.endMs).toBe(100);
  });

  it('keeps the order of times when chunks come in a burst', () => {
    const timeline = new ChunkTimeline(pcm16k);
    const times = [100, 100, 100].map((arrivalMs) => timeline.append(of20ms(), arrivalMs).atMs);
    expect(times).toEqual([80, 100, 120]);
  });

  it('shows a gap in the times and none in the positions', () => {
    const timeline = new ChunkTimeline(pcm16k);
    const before = timeline.append(of20ms(), 20);
    const after = timeline.append(of20ms(), 520);
    expect(after.startSample).toBe(before.startSample + before.samples);
    expect(after.atMs - (before.atMs + chunkDurationMs(before))).toBe(480);
  });

  it('carries on from a given position', () => {
    const timeline = new ChunkTimeline(pcm16k, 1_000);
    expect(timeline.append(of20ms(), 20).startSample).toBe(1_000);
    expect(timeline.endSample).toBe(1_320);
  });

  it('keeps the bytes it was given, and their format', () => {
    const bytes = of20ms();
    const chunk = new ChunkTimeline(pcm16k).append(bytes, 20);
    expect(chunk.bytes).toBe(bytes);
    expect(chunk).toMatchObject({ codec: 'pcm16', rateHz: 16_000, samples: 320 });
    expect(chunkDurationMs(chunk)).toBe(20);
  });

  it('counts a G.711 byte as a sample', () => {
    const timeline = new ChunkTimeline({ codec: 'pcmu', rateHz: 8_000 });
    expect(timeline.append(new Uint8Array(161), 0).samples).toBe(161);
  });

  it('refuses half a sample and stays as it was', () => {
    const timeline = new ChunkTimeline(pcm16k);
    expect(() => timeline.append(new Uint8Array(3), 0)).toThrow(RangeError);
    expect(timeline.endSample).toBe(0);
  });
});
