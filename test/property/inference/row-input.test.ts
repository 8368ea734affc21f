import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RowInput, rowInputLimits } from '../../../adapters/inference/row-input.ts';
import { arrivals } from '../../support/inference-arrivals.ts';
import { joined, sound } from '../../support/parrot-rig.ts';

const rateHz = 24_000;
const frameSamples = 1920;

interface Release {
  readonly atMs: number;
  readonly pcm: Int16Array;
  readonly heardSample: number;
}

/** Plays a line of samples to a row, polling every 20 ms, and returns every frame it released. */
function play(
  samples: Int16Array,
  options: Omit<Parameters<typeof arrivals>[0], 'samples' | 'rateHz'>,
): { releases: Release[]; input: RowInput } {
  const input = new RowInput({ rateHz, frameSamples, openedAtMs: 0 });
  const releases: Release[] = [];
  const drain = (atMs: number): void => {
    for (let frame = input.take(); frame !== null; frame = input.take()) {
      releases.push({ atMs, pcm: frame.pcm, heardSample: frame.heardSample });
    }
  };
  let pollAtMs = 20;
  for (const arrival of arrivals({ ...options, samples: samples.length, rateHz })) {
    for (; pollAtMs < arrival.atMs; pollAtMs += 20) {
      input.poll(pollAtMs);
      drain(pollAtMs);
    }
    const chunk = samples.slice(arrival.fromSample, arrival.toSample);
    input.push(new Uint8Array(chunk.buffer), arrival.fromSample, arrival.atMs);
    drain(arrival.atMs);
  }
  const untilMs = pollAtMs + rowInputLimits.waitingMs;
  for (; pollAtMs < untilMs; pollAtMs += 20) {
    input.poll(pollAtMs);
    drain(pollAtMs);
  }
  return { releases, input };
}

/** 3 % of the chunks 150 ms late, the rest up to 5 ms. */
const network = fc.array(
  fc.oneof({ weight: 97, arbitrary: fc.nat(5) }, { weight: 3, arbitrary: fc.constant(150) }),
  { minLength: 37, maxLength: 37 },
);
/** A caller's chunks: usually all alike, and the first of them tells how long they get. */
const chunks = fc.oneof(
  fc.integer({ min: 20, max: 250 }).map((ms) => [ms]),
  fc.array(fc.integer({ min: 20, max: 250 }), { maxLength: 20 }).map((list) => [250, ...list]),
);
const driftPpm = fc.constantFrom(-200, 0, 200);
const line = sound(rateHz * 12, 8000, 7);

describe('jittery, drifting input', () => {
  test('loses nothing and gets no silence: the frames are what was said', () => {
    fc.assert(
      fc.property(chunks, driftPpm, network, (chunkMs, drift, lateMs) => {
        const { releases, input } = play(line, { chunkMs, driftPpm: drift, lateMs });
        expect(input.droppedSamples).toBe(0);
        expect(input.silenceSamples).toBe(0);
        const heard = joined(releases.map(({ pcm }) => pcm));
        expect(heard.length).toBe(Math.floor(line.length / frameSamples) * frameSamples);
        expect(heard.every((sample, i) => sample === line[i])).toBe(true);
        expect(releases.every(({ heardSample }, i) => heardSample === (i + 1) * 1920)).toBe(true);
      }),
      { numRuns: 60, seed: 20_261_120 },
    );
  });

  test('never makes the model run further ahead than the bucket allows', () => {
    fc.assert(
      fc.property(chunks, network, fc.integer({ min: 1, max: 9 }), (chunkMs, lateMs, speed) => {
        // A caller who sends several times faster than real time.
        const { releases } = play(line, { chunkMs, driftPpm: (speed - 1) * 1_000_000, lateMs });
        for (const [from, first] of releases.entries()) {
          const last = releases[Math.min(releases.length - 1, from + 20)]!;
          const frames = Math.min(releases.length - 1, from + 20) - from + 1;
          const allowed = 320 + (last.atMs - first.atMs) * 1.01;
          expect(frames * 80).toBeLessThanOrEqual(allowed + 1e-6);
        }
      }),
      { numRuns: 30, seed: 20_261_120 },
    );
  });

  test('a caller whose clock is 200 ppm fast loses nothing in an hour', () => {
    const input = new RowInput({ rateHz, frameSamples, openedAtMs: 0 });
    const chunk = new Uint8Array(4800);
    let frames = 0;
    for (let i = 1; i <= 36_000; i += 1) {
      input.push(chunk, (i - 1) * 2400, (i * 100) / 1.0002);
      while (input.take() !== null) frames += 1;
    }
    expect(frames).toBe(45_000);
    expect(input.droppedSamples).toBe(0);
    expect(input.silenceSamples).toBe(0);
  });

  test('every sample of a flood is either in a frame, waiting, or counted as dropped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.integer({ min: 1, max: 900 }), afterMs: fc.nat(300) }), {
          maxLength: 30,
        }),
        (pushes) => {
          const input = new RowInput({ rateHz, frameSamples, openedAtMs: 0 });
          let nowMs = 0;
          let written = 0;
          let taken = 0;
          for (const { ms, afterMs } of pushes) {
            nowMs += afterMs;
            input.push(new Uint8Array(ms * 48), written, nowMs);
            written += ms * 24;
            for (let frame = input.take(); frame !== null; frame = input.take()) taken += 1920;
            const waiting = written - taken - input.droppedSamples;
            expect(waiting).toBeGreaterThanOrEqual(0);
            expect(waiting).toBeLessThanOrEqual((rowInputLimits.waitingMs * rateHz) / 1000);
          }
        },
      ),
      { numRuns: 200, seed: 20_261_120 },
    );
  });
});
