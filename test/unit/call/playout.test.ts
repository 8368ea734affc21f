import { describe, expect, it } from 'vitest';
import { PlayoutClock } from '../../../src/call/playout.ts';

const rateHz = 24_000;
const ms = (value: number): number => (value * rateHz) / 1000;

describe('playout clock', () => {
  it('takes another rate until something was sent', () => {
    const playout = new PlayoutClock(rateHz);
    playout.flushed(10);
    playout.retune(8_000);
    expect(playout.rateHz).toBe(8_000);
    playout.sent(1_600, 100);
    expect(playout.leadMs(100)).toBe(200);
    expect(playout.pacedSample(150)).toBe(400);
    playout.retune(8_000);
    expect(() => playout.retune(rateHz)).toThrow(TypeError);
  });

  it('plays sent audio in real time from the moment it was sent', () => {
    const playout = new PlayoutClock(rateHz);
    playout.sent(ms(200), 1000);
    expect(playout.sentSample).toBe(4800);
    expect(playout.pacedSample(1000)).toBe(0);
    expect(playout.pacedSample(1050)).toBe(ms(50));
    expect(playout.leadMs(1050)).toBe(150);
    expect(playout.pacedSample(1300)).toBe(ms(200));
    expect(playout.leadMs(1300)).toBe(0);
  });

  it('goes on without a gap while audio keeps ahead', () => {
    const playout = new PlayoutClock(rateHz);
    playout.sent(ms(100), 0);
    playout.sent(ms(100), 60);
    expect(playout.pacedSample(150)).toBe(ms(150));
    expect(playout.leadMs(150)).toBe(50);
  });

  it('starts again where sending goes on after an underrun', () => {
    const playout = new PlayoutClock(rateHz);
    playout.sent(ms(100), 0);
    playout.sent(ms(100), 500);
    expect(playout.pacedSample(400)).toBe(ms(100));
    expect(playout.pacedSample(540)).toBe(ms(140));
    expect(playout.pacedSample(900)).toBe(ms(200));
  });

  it('counts as heard what was played half a round trip and 60 ms ago', () => {
    const playout = new PlayoutClock(rateHz);
    playout.sent(ms(1000), 0);
    expect(playout.heardSample(50, 0)).toBe(0);
    expect(playout.heardSample(160, 0)).toBe(ms(100));
    expect(playout.heardSample(160, 40)).toBe(ms(80));
    expect(playout.heardOutAtMs(40)).toBe(1080);
    expect(playout.heardSample(1080, 40)).toBe(ms(1000));
  });

  it('looks back into an earlier run for what is heard', () => {
    const playout = new PlayoutClock(rateHz);
    playout.sent(ms(100), 0);
    playout.sent(ms(100), 500);
    expect(playout.heardSample(530, 0)).toBe(ms(100));
    expect(playout.heardSample(580, 0)).toBe(ms(120));
  });

  it('has no lead after a flush, and none of it stays in the way of what is sent next', () => {
    const playout = new PlayoutClock(rateHz);
    playout.sent(ms(400), 0);
    playout.flushed(100);
    expect(playout.leadMs(100)).toBe(0);
    playout.sent(ms(200), 120);
    expect(playout.leadMs(120)).toBe(200);
    expect(playout.pacedSample(170)).toBe(ms(450));
  });

  it('is where it was after any number of flushes with nothing sent between them', () => {
    const playout = new PlayoutClock(rateHz);
    playout.sent(ms(100), 0);
    for (let atMs = 200; atMs < 20_000; atMs += 1) playout.flushed(atMs);
    playout.sent(ms(100), 20_000);
    expect(playout.pacedSample(20_040)).toBe(ms(140));
    expect(playout.heardSample(20_040, 0)).toBe(ms(100));
  });

  it('keeps its place through more runs than it remembers', () => {
    const playout = new PlayoutClock(rateHz);
    for (let run = 0; run < 100; run += 1) playout.sent(ms(10), run * 100);
    expect(playout.pacedSample(9905)).toBe(ms(995));
    expect(playout.heardSample(9900, 0)).toBe(ms(990));
  });

  it('foresees when what waits will have been heard, if its sending goes on now', () => {
    const playout = new PlayoutClock(rateHz);
    expect(playout.forecastMs(500, 1000, 40)).toBe(1580);
    playout.sent(ms(200), 1000);
    expect(playout.forecastMs(500, 1100, 40)).toBe(1000 + 200 + 500 + 80);
    expect(playout.forecastMs(500, 5000, 40)).toBe(5000 + 500 + 80);
    expect(playout.forecastMs(0, 1100, 40)).toBe(playout.heardOutAtMs(40));
  });

  it('hears nothing before anything was sent', () => {
    const playout = new PlayoutClock(rateHz);
    expect(playout.heardSample(1000, 0)).toBe(0);
    expect(playout.heardOutAtMs(0)).toBe(0);
    expect(playout.leadMs(1000)).toBe(0);
  });
});
