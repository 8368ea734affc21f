import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { DetectorPort, DetectorScore, DetectorStream } from '../../src/ports/detector.ts';

/** A stream that keeps its scores and can be waited for. */
class ScoredStream {
  readonly scores: DetectorScore[] = [];
  readonly failures: Error[] = [];
  readonly stream: DetectorStream;
  #waiting: { count: number; resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(detector: DetectorPort) {
    this.stream = detector.open(
      (score) => {
        this.scores.push(score);
        if (this.scores.length >= (this.#waiting?.count ?? Infinity)) this.#waiting?.resolve();
      },
      (error) => {
        this.failures.push(error);
        this.#waiting?.reject(error);
      },
    );
  }

  push(pcm: Float32Array): this {
    this.stream.push(pcm);
    return this;
  }

  /** Resolves when this many scores have come in all. */
  async reached(count: number): Promise<readonly DetectorScore[]> {
    if (this.scores.length < count) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { count, resolve, reject };
      });
    }
    return this.scores;
  }
}

/** A tone whose level rises and falls, so that neighbouring frames score differently. */
function wobble(samples: number, rateHz: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, index) => {
    const second = index / rateHz;
    const envelope = 0.02 + 0.3 * Math.sin(2 * Math.PI * 3 * second) ** 2;
    return envelope * Math.sin(2 * Math.PI * 180 * second);
  });
}

/**
 * What any detector must do, whatever hears inside it. `make` gives a fresh detector; the suite
 * prepares and closes it. No test pushes more than 2 s at once to one stream.
 */
export function describeDetectorContract(name: string, make: () => DetectorPort): void {
  describe(`${name} as a detector`, () => {
    let detector: DetectorPort;
    beforeAll(async () => {
      detector = make();
      await detector.prepare(new AbortController().signal);
    });
    afterAll(() => detector.close());

    const frames = (count: number): Float32Array =>
      wobble(count * detector.frameSamples, detector.rateHz);

    /** Waits until everything that was pushed before it has been worked off. */
    const fence = async (): Promise<void> => {
      const other = new ScoredStream(detector);
      await other.push(frames(1)).reached(1);
      await other.push(frames(1)).reached(2);
      other.stream.close();
    };

    test('has a name, a rate and a frame length', () => {
      expect(detector.name).not.toBe('');
      expect(Number.isInteger(detector.rateHz) && detector.rateHz > 0).toBe(true);
      expect(Number.isInteger(detector.frameSamples) && detector.frameSamples > 0).toBe(true);
    });

    test('gives one probability per whole frame, in order, at the position where it ends', async () => {
      const one = new ScoredStream(detector);
      const scores = await one.push(frames(20)).push(new Float32Array(0)).reached(20);
      await fence();
      expect(scores.map((score) => score.endSample)).toEqual(
        Array.from({ length: 20 }, (_, index) => (index + 1) * detector.frameSamples),
      );
      for (const { probability } of scores) {
        expect(probability).toBeGreaterThanOrEqual(0);
        expect(probability).toBeLessThanOrEqual(1);
      }
      one.stream.close();
    });

    test('scores the same however the audio is split', async () => {
      const pcm = frames(12);
      const whole = await new ScoredStream(detector).push(pcm.slice()).reached(12);
      const split = new ScoredStream(detector);
      const lengths = [1, 479, 320, 7, 1200, 512, 33, 2000];
      for (let at = 0, turn = 0; at < pcm.length; turn += 1) {
        const length = lengths[turn % lengths.length]!;
        split.push(pcm.slice(at, at + length));
        at += length;
      }
      const pieces = await split.reached(12);
      for (const [index, { probability, endSample }] of whole.entries()) {
        expect(pieces[index]!.endSample).toBe(endSample);
        expect(Math.abs(pieces[index]!.probability - probability)).toBeLessThanOrEqual(1e-6);
      }
    });

    test('scores a stream the same alone and among others', async () => {
      const alone = await new ScoredStream(detector).push(frames(10)).reached(10);
      const group = Array.from({ length: 9 }, () => new ScoredStream(detector));
      for (const [index, one] of group.entries()) {
        one.push(index === 4 ? frames(10) : frames(10).map((sample) => sample * (index / 5)));
      }
      const among = await group[4]!.reached(10);
      for (const [index, { probability }] of alone.entries()) {
        expect(Math.abs(among[index]!.probability - probability)).toBeLessThanOrEqual(1e-6);
      }
      for (const one of group) one.stream.close();
    });

    test('holds silence for no speech', async () => {
      const one = new ScoredStream(detector);
      const scores = await one.push(new Float32Array(30 * detector.frameSamples)).reached(30);
      for (const { probability } of scores) expect(probability).toBeLessThan(0.3);
      one.stream.close();
    });

    test('a reset drops the unfinished frame and what is in flight, and positions run on', async () => {
      const one = new ScoredStream(detector);
      await one.push(frames(2)).reached(2);
      const half = Math.floor(detector.frameSamples / 2);
      one.push(wobble(half, detector.rateHz));
      one.stream.reset();
      await one.push(frames(2)).reached(4);
      expect(one.scores.slice(2).map((score) => score.endSample)).toEqual([
        3 * detector.frameSamples + half,
        4 * detector.frameSamples + half,
      ]);
      one.push(frames(3));
      const before = one.scores.length;
      one.stream.reset();
      await fence();
      expect(one.scores.length).toBe(before);
      one.stream.close();
    });

    test('hears after a reset as if for the first time', async () => {
      const fresh = await new ScoredStream(detector).push(frames(6)).reached(6);
      const one = new ScoredStream(detector);
      await one.push(frames(9)).reached(9);
      one.stream.reset();
      const again = (await one.push(frames(6)).reached(15)).slice(9);
      for (const [index, { probability }] of fresh.entries()) {
        expect(Math.abs(again[index]!.probability - probability)).toBeLessThanOrEqual(1e-6);
      }
      one.stream.close();
    });

    test('a closed stream scores nothing more, and may be closed, reset and pushed to again', async () => {
      const one = new ScoredStream(detector);
      one.push(frames(3));
      const before = one.scores.length;
      one.stream.close();
      one.stream.close();
      one.stream.reset();
      one.push(frames(3));
      await fence();
      expect(one.scores.length).toBe(before);
      expect(one.failures).toEqual([]);
    });

    test('counts in finite figures', async () => {
      await fence();
      for (const [key, value] of Object.entries(detector.figures())) {
        expect(Number.isFinite(value), key).toBe(true);
      }
    });

    test('refuses to prepare for a signal that has already aborted', async () => {
      const fresh = make();
      await expect(fresh.prepare(AbortSignal.abort())).rejects.toThrow();
      await fresh.close();
    });

    test('close is idempotent and tells open streams of no failure', async () => {
      const fresh = make();
      await fresh.prepare(new AbortController().signal);
      const one = new ScoredStream(fresh);
      await fresh.close();
      await fresh.close();
      one.push(frames(1));
      expect(one.failures).toEqual([]);
      expect(one.scores).toEqual([]);
    });
  });
}
