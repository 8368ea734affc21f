import { describe, expect, it } from 'vitest';
import { Player } from './player.ts';

const options = { rateHz: 24_000, bufferMs: 100, driftPpm: 0, startMs: 5000 };
const ones = (durationMs: number): Float32Array => new Float32Array(durationMs * 24).fill(0.5);

/** Stretches of sound in a recording, ms. */
function sounding(recording: Float32Array): [number, number][] {
  const stretches: [number, number][] = [];
  for (const [i, sample] of recording.entries()) {
    const last = stretches.at(-1);
    if (sample === 0) continue;
    if (last?.[1] === i) last[1] = i + 1;
    else stretches.push([i, i + 1]);
  }
  return stretches.map(([from, to]) => [from / 24, to / 24]);
}

describe('the player', () => {
  it('waits for its buffer and then plays bursts without a seam', () => {
    const player = new Player(options);
    player.push('a', ones(300), 6000);
    player.push('a', ones(200), 6010);
    expect(sounding(player.recording(7000))).toEqual([[1100, 1600]]);
    expect(player.endsAtMs).toBe(6600);
    expect(player.underruns.count).toBe(0);
  });

  it('leaves silence where audio comes too late, and counts it', () => {
    const player = new Player(options);
    player.push('a', ones(100), 6000);
    player.push('a', ones(100), 6250);
    expect(sounding(player.recording(7000))).toEqual([
      [1100, 1200],
      [1350, 1450],
    ]);
    expect(player.underruns).toEqual({ count: 1, totalMs: 150 });
  });

  it('does not call the pause between two items an underrun', () => {
    const player = new Player(options);
    player.push('a', ones(100), 6000);
    player.push('b', ones(100), 8000);
    expect(player.underruns.count).toBe(0);
    expect(player.currentItem(6150)).toBe('a');
    expect(player.currentItem(8150)).toBe('b');
  });

  it('knows how much of an item was played at any time', () => {
    const player = new Player(options);
    player.push('a', ones(1000), 6000);
    expect(player.playedMs('a', 6050)).toBe(0);
    expect(player.playedMs('a', 6400)).toBe(300);
    expect(player.playedMs('a', 9000)).toBe(1000);
  });

  it('stops at once and forgets the rest', () => {
    const player = new Player(options);
    player.push('a', ones(1000), 6000);
    player.push('b', ones(1000), 6000);
    player.stop(6600);
    expect(sounding(player.recording(9000))).toEqual([[1100, 1600]]);
    expect(player.playedMs('a', 9000)).toBe(500);
    expect(player.playedMs('b', 9000)).toBe(0);
    expect(player.isPlaying(6700)).toBe(false);
  });

  it('still plays what comes after a stop: stale audio must be heard to be found', () => {
    const player = new Player(options);
    player.push('a', ones(1000), 6000);
    player.stop(6600);
    player.push('a', ones(100), 6650);
    expect(sounding(player.recording(9000))).toEqual([
      [1100, 1600],
      [1750, 1850],
    ]);
  });

  it('plays on its own clock', () => {
    const player = new Player({ ...options, driftPpm: 1000 });
    expect(player.positionAt(6000)).toBe(24_024);
    expect(player.timeOf(24_024)).toBeCloseTo(6000, 6);
  });
});
