import { describe, expect, it } from 'vitest';
import { HealthPace } from '../../../src/routing/health-pace.ts';

describe('the pace of a backend', () => {
  it('is unknown until there are enough samples', () => {
    const pace = new HealthPace();
    for (let at = 0; at < 19; at += 1) pace.firstAudio(500, at);
    expect(pace.firstAudioP95Ms).toBeNull();
    expect(pace.lateMs).toBeNull();
    pace.firstAudio(900, 20);
    expect(pace.firstAudioP95Ms).toBe(500);
    pace.firstAudio(900, 21);
    expect(pace.firstAudioP95Ms).toBe(900);
  });

  it('goes by the latest samples', () => {
    const pace = new HealthPace();
    for (let at = 0; at < 200; at += 1) pace.firstAudio(5000, at);
    for (let at = 0; at < 128; at += 1) pace.firstAudio(400, 1000 + at);
    expect(pace.firstAudioP95Ms).toBe(400);
    for (let at = 0; at < 20; at += 1) pace.dried(80, at);
    expect(pace.dryP95Ms).toBe(80);
  });

  it('calls late what is far beyond what it is used to', () => {
    const pace = new HealthPace();
    for (let at = 0; at < 30; at += 1) expect(pace.firstAudio(1000, at)).toBe(false);
    expect(pace.firstAudio(2000, 31)).toBe(false);
    expect(pace.firstAudio(2001, 32)).toBe(true);
    const quick = new HealthPace();
    for (let at = 0; at < 30; at += 1) quick.firstAudio(200, at);
    expect(quick.firstAudio(1500, 31)).toBe(false);
    expect(quick.firstAudio(1501, 32)).toBe(true);
  });
});
