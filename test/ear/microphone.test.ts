import { describe, expect, it } from 'vitest';
import { decodePcm16 } from '../../src/audio/pcm16.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { Microphone, steadyLine, type Line } from './microphone.ts';

interface Delivery {
  readonly atMs: number;
  readonly samples: Float32Array;
}

function listen(line: Partial<Line>): {
  clock: ManualClock;
  microphone: Microphone;
  deliveries: Delivery[];
  whole: () => Float32Array;
} {
  const clock = new ManualClock(1000);
  const deliveries: Delivery[] = [];
  const microphone = new Microphone(clock, { ...steadyLine, noiseDbfs: null, ...line }, (bytes) =>
    deliveries.push({ atMs: clock.nowMs(), samples: decodePcm16(bytes) }),
  );
  const whole = (): Float32Array =>
    Float32Array.from(deliveries.flatMap(({ samples }) => [...samples]));
  return { clock, microphone, deliveries, whole };
}

/** A ramp that no other stretch looks like; values survive 16 bits. */
const clip = Float32Array.from({ length: 5000 }, (_, i) => (i + 8000) / 32_768);

describe('the microphone', () => {
  it('sends 20 ms every 20 ms, each when its last sample is captured', () => {
    const { clock, deliveries } = listen({});
    clock.advance(100);
    expect(deliveries.map(({ atMs }) => atMs)).toEqual([1020, 1040, 1060, 1080, 1100]);
    expect(deliveries.every(({ samples }) => samples.length === 480)).toBe(true);
  });

  it('says a clip whole, where it says that it begins, on a line that is bad in every way', () => {
    const { clock, microphone, whole } = listen({
      chunkMs: { min: 20, max: 250 },
      jitterMs: 30,
      driftPpm: 200,
      late: { share: 0.2, byMs: 150 },
      seed: 7,
    });
    clock.advance(333);
    const { startSample, endSample } = microphone.say(clip);
    clock.advance(2000);
    expect(microphone.counts.lateChunks).toBeGreaterThan(0);
    expect([...whole().slice(startSample, endSample)]).toEqual([...clip]);
    expect(
      whole()
        .slice(0, startSample)
        .every((sample) => sample === 0),
    ).toBe(true);
  });

  it('makes a late chunk hold up those behind it and then catches up', () => {
    const { clock, deliveries } = listen({ late: { share: 0.05, byMs: 150 }, seed: 5 });
    clock.advance(10_000);
    const gaps = deliveries.slice(1).map(({ atMs }, i) => atMs - deliveries[i]!.atMs);
    expect(Math.max(...gaps)).toBeGreaterThan(130);
    expect(gaps.filter((gap) => gap === 0).length).toBeGreaterThan(5);
    const samples = deliveries.reduce((sum, delivery) => sum + delivery.samples.length, 0);
    expect(samples).toBeGreaterThanOrEqual(240_000 - 480 - 150 * 24);
  });

  it('runs fast by its drift', () => {
    const { clock, microphone } = listen({ driftPpm: 200 });
    clock.advance(100_000);
    expect(microphone.capturedSamples).toBe(2_400_480);
    expect(microphone.timeOf(2_400_480)).toBeCloseTo(101_000, 6);
  });

  it('hands nothing over while muted, and time goes on', () => {
    const { clock, microphone, deliveries } = listen({});
    clock.advance(100);
    microphone.mute(true);
    clock.advance(1000);
    expect(deliveries).toHaveLength(5);
    microphone.mute(false);
    const { startSample } = microphone.say(clip);
    clock.advance(20);
    expect(startSample).toBe(26_401);
    expect(deliveries).toHaveLength(6);
  });

  it('says one clip after the other and tells when each has left', async () => {
    const { clock, microphone } = listen({});
    const first = microphone.say(clip);
    const second = microphone.say(clip);
    expect(second.startSample).toBe(first.endSample);
    let left = 0;
    void first.left.then(() => (left += 1));
    clock.advance(209);
    await Promise.resolve();
    expect(left).toBe(0);
    clock.advance(20);
    await first.left;
    expect(left).toBe(1);
  });

  it('puts noise of the stated level under silence', () => {
    const { clock, whole } = listen({ noiseDbfs: -60 });
    clock.advance(2000);
    const energy = whole().reduce((sum, sample) => sum + sample * sample, 0) / whole().length;
    expect(10 * Math.log10(energy)).toBeCloseTo(-60, 0);
  });
});
