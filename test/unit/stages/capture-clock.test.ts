import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { CaptureClock } from '../../../src/call/capture-clock.ts';

/** Chunks of 20 ms that came so late, ms each, from a microphone that went on at `startMs`. */
function heard(latenessMs: readonly number[], startMs = 1000): CaptureClock {
  const clock = new CaptureClock();
  let arrivedMs = 0;
  for (const [index, lateMs] of latenessMs.entries()) {
    const endMs = (index + 1) * 20;
    // One connection: what is behind a late chunk waits.
    arrivedMs = Math.max(arrivedMs, startMs + endMs + lateMs);
    clock.arrived(endMs, arrivedMs);
  }
  return clock;
}

describe('when audio was captured', () => {
  it('is where it was, whatever a stall did before', () => {
    const late = Array.from({ length: 100 }, (_, index) => (index === 30 ? 300 : 0));
    expect(heard(late).callTimeOf(620)).toBe(1620);
    expect(heard(late).callTimeOf(1500)).toBe(2500);
  });

  it('is moved by a gap for what came after it', () => {
    const clock = heard(new Array<number>(50).fill(0));
    for (let endMs = 1020; endMs <= 2000; endMs += 20) clock.arrived(endMs, 1000 + endMs + 700);
    expect(clock.callTimeOf(800)).toBe(1800);
    expect(clock.callTimeOf(1500)).toBe(3200);
  });

  it('is never in the future, also where audio comes faster than real time', () => {
    const clock = new CaptureClock();
    for (let endMs = 20; endMs <= 4000; endMs += 20) clock.arrived(endMs, 500 + endMs / 10);
    expect(clock.callTimeOf(4000)).toBe(900);
    expect(clock.callTimeOf(3800)).toBe(700);
    expect(clock.callTimeOf(9000)).toBe(900);
  });

  it('is 0 before anything came', () => {
    expect(new CaptureClock().callTimeOf(100)).toBe(0);
  });
});

property.prop([
  fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 60, maxLength: 400 }),
  fc.nat(400),
])('is late by no more than the least late chunk after it', (lateMs, chunksAfter) => {
  const after = Math.min(Math.max(6, chunksAfter), lateMs.length - 1);
  const positionMs = (lateMs.length - after) * 20;
  const errorMs = heard(lateMs).callTimeOf(positionMs) - (1000 + positionMs);
  expect(errorMs).toBeGreaterThanOrEqual(-1e-6);
  expect(errorMs).toBeLessThanOrEqual(Math.max(...lateMs) + 1e-6);
});
