import { describe, expect, it } from 'vitest';
import { UpstreamPositions } from '../../../../../adapters/backends/hydra/upstream-positions.ts';

describe('hydra, positions', () => {
  it('are the same where nothing came between', () => {
    const positions = new UpstreamPositions(16_000);
    expect(positions.at(100)).toBe(0);
    positions.sent(1600, 0);
    positions.sent(1600, 1600);
    expect([positions.at(0), positions.at(150), positions.end]).toEqual([0, 2400, 3200]);
  });

  it('stand still in silence that was put in', () => {
    const positions = new UpstreamPositions(16_000);
    positions.sent(1600, 0);
    positions.filled(800);
    positions.filled(800);
    positions.sent(1600, 1600);
    expect([90, 120, 200, 250].map((ms) => positions.at(ms))).toEqual([1440, 1600, 1600, 2400]);
  });

  it('jump where audio was lost, and begin where the audio began', () => {
    const positions = new UpstreamPositions(16_000);
    positions.sent(1600, 16_000);
    positions.sent(1600, 32_000);
    expect([0, 50, 100, 150].map((ms) => positions.at(ms))).toEqual([
      16_000, 16_800, 32_000, 32_800,
    ]);
  });

  it('forget what is long ago, and never lie before the beginning', () => {
    const positions = new UpstreamPositions(16_000);
    for (let i = 0; i < 200; i += 1) {
      positions.sent(160, i * 160);
      positions.filled(160);
    }
    expect(positions.at(0)).toBeGreaterThanOrEqual(0);
    expect(positions.end).toBe(200 * 160);
    expect(positions.at(3990)).toBe(200 * 160);
  });
});
