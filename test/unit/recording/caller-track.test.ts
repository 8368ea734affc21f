import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { pcm24k, pcmu8k, type AudioFormat } from '../../../src/audio/format.ts';
import { CallerTrack } from '../../../src/recording/caller-track.ts';

const frameMs = 20;

/** A microphone and the way its frames take. Times are ms of the call's clock. */
interface Microphone {
  readonly format?: AudioFormat;
  readonly seconds: number;
  /** How much faster its clock is than the call's, parts per million. */
  readonly ppm?: number;
  /** When its first sample is taken. */
  readonly fromMs?: number;
  /** Frames that are captured and never come, [from, to) in ms. */
  readonly lost?: readonly (readonly [number, number])[];
  /** Nothing comes in these; what was captured comes at their end. */
  readonly stalls?: readonly (readonly [number, number])[];
  readonly delayMs?: (frame: number) => number;
}

/** A frame that came: where its end is among all that came, when it was said and when it came. */
interface Came {
  readonly toSample: number;
  readonly saidMs: number;
  readonly cameMs: number;
}

function record(microphone: Microphone): { track: CallerTrack; came: readonly Came[] } {
  const { format = pcm24k, seconds, ppm = 0, fromMs = 0 } = microphone;
  const { lost = [], stalls = [], delayMs = (): number => 5 } = microphone;
  const samples = (format.rateHz * frameMs) / 1000;
  const track = new CallerTrack(format);
  const came: Came[] = [];
  let lastMs = 0;
  for (let frame = 1; frame <= (seconds * 1000) / frameMs; frame += 1) {
    const saidMs = fromMs + (frame * frameMs) / (1 + ppm / 1e6);
    if (lost.some(([from, to]) => saidMs > from && saidMs <= to)) continue;
    const sentMs = saidMs + delayMs(frame);
    const held = stalls.find(([from, to]) => sentMs >= from && sentMs < to)?.[1] ?? sentMs;
    lastMs = Math.max(lastMs, held);
    track.push(samples, lastMs);
    came.push({ toSample: track.samples, saidMs, cameMs: lastMs });
  }
  return { track, came };
}

/** How much later than it was said each frame lies in the track, ms. */
function late({ track, came }: ReturnType<typeof record>): readonly number[] {
  const { rateHz } = track.format;
  const { placements } = track;
  let index = 0;
  return came.map(({ toSample, saidMs }) => {
    const end = ({ fromSample, samples }: (typeof placements)[number]): number =>
      fromSample + samples;
    while (index < placements.length - 1 && end(placements[index]!) < toSample) index += 1;
    const { fromSample, atSample } = placements[index]!;
    return ((atSample + toSample - fromSample) * 1000) / rateHz - saidMs;
  });
}

const range = (values: readonly number[]): readonly [number, number] => [
  values.reduce((least, value) => Math.min(least, value), Infinity),
  values.reduce((most, value) => Math.max(most, value), -Infinity),
];

/** End of the track, ms. */
function endMs({ placements, format }: CallerTrack): number {
  const last = placements.at(-1)!;
  return ((last.atSample + last.samples) * 1000) / format.rateHz;
}

/** In order, nothing over another thing, and nothing from before the call. */
function isSound(track: CallerTrack): boolean {
  let free = 0;
  for (const { atSample, samples } of track.placements) {
    if (atSample < free || samples <= 0) return false;
    free = atSample + samples;
  }
  return true;
}

describe("the caller's track", () => {
  test('a microphone that stalls 800 ms and then delivers all of it leaves no silence and is no longer', () => {
    const recorded = record({ seconds: 13, stalls: [[4_000, 4_800]] });
    expect(recorded.track.placements).toEqual([{ fromSample: 0, samples: 312_000, atSample: 120 }]);
    expect(range(late(recorded))).toEqual([5, 5]);
    expect(endMs(recorded.track)).toBe(13_005);
  });

  test('a stall in which a part was lost is silence for as long as what was lost', () => {
    const recorded = record({ seconds: 13, stalls: [[4_000, 4_800]], lost: [[4_400, 4_800]] });
    const [least, most] = range(late(recorded));
    // Nobody knows when in the stall that was said which came at its end; all after it is in its place.
    expect([least, most]).toEqual([0, 400]);
    expect(range(late(recorded).slice(-400))).toEqual([0, 0]);
    expect(endMs(recorded.track)).toBe(13_000);
  });

  test('stalls in which all comes in two bursts: both go to their place', () => {
    const recorded = record({
      seconds: 8,
      stalls: [
        [2_000, 2_800],
        [2_801, 3_300],
      ],
    });
    expect(range(late(recorded))).toEqual([5, 5]);
  });

  test('silence of a client that sends only speech stays, also after a stall', () => {
    const lost = [
      [2_000, 4_000],
      [6_000, 9_000],
    ] as const;
    const recorded = record({ seconds: 20, lost, stalls: [[11_000, 14_000]] });
    expect(range(late(recorded))).toEqual([5, 5]);
    expect(recorded.track.placements).toHaveLength(3);
  });

  test('first audio that comes late is where it was said; jitter of its first frames does not matter', () => {
    const delayMs = (frame: number): number => (frame < 20 ? 80 - frame * 4 : 3);
    const recorded = record({ seconds: 3, fromMs: 1_700, delayMs });
    expect(range(late(recorded))).toEqual([3, 3]);
  });

  test.each([-100, 100])('a clock %d ppm faster: an hour stays in its place', (ppm) => {
    const delayMs = (frame: number): number => 5 + ((frame * 7919) % 40);
    for (const format of [pcm24k, pcmu8k]) {
      const recorded = record({ seconds: 3_600, ppm, delayMs, format });
      const [least, most] = range(late(recorded));
      expect(least).toBeGreaterThan(5 - 10);
      expect(most).toBeLessThan(5 + 10);
      expect(isSound(recorded.track)).toBe(true);
      // By single samples: no hole, and nothing more is left out.
      const { placements } = recorded.track;
      const steps = placements.slice(1).map(({ fromSample, samples, atSample }, index) => {
        const before = placements[index]!;
        return [
          fromSample - before.fromSample - before.samples,
          atSample - before.atSample - before.samples,
          samples > 0,
        ];
      });
      expect(steps.every(([skipped, hole]) => Math.abs(Number(skipped)) === 1 && hole === 0)).toBe(
        true,
      );
    }
  });

  test('what is sent at once keeps its sound, from where it came', () => {
    const track = new CallerTrack(pcm24k);
    track.push(5 * 24_000, 1_000);
    track.push(24_000, 1_010);
    expect(track.placements).toEqual([{ fromSample: 0, samples: 6 * 24_000, atSample: 0 }]);
  });

  const stretch = fc.record({
    gapMs: fc.integer({ min: 200, max: 3_000 }),
    lengthMs: fc.integer({ min: 70, max: 2_000 }),
  });
  property.prop([
    fc.array(stretch, { maxLength: 8 }),
    fc.integer({ min: 0, max: 50 }),
    fc.integer({ min: -100, max: 100 }),
  ])(
    'whatever stalls: all of it, in its place, never later than it came',
    (stretches, jitterMs, ppm) => {
      let at = 0;
      const stalls = stretches.map(({ gapMs, lengthMs }): readonly [number, number] => {
        const from = at + gapMs;
        at = from + lengthMs;
        return [from, at];
      });
      const delayMs = (frame: number): number => 2 + ((frame * 7919) % 53) * (jitterMs / 53);
      const recorded = record({ seconds: 45, stalls, ppm, delayMs });
      expect(isSound(recorded.track)).toBe(true);
      const [least, most] = range(late(recorded));
      expect(least).toBeGreaterThan(-70);
      expect(most).toBeLessThan(15);
      expect(endMs(recorded.track)).toBeLessThan(recorded.came.at(-1)!.cameMs + 15);
    },
  );
});
