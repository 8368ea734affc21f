import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';

import { SmartTurnDetector } from '../../../../adapters/detectors/smart-turn/smart-turn-detector.ts';
import type { EndOfTurnScore } from '../../../../src/ports/end-of-turn.ts';
import { ManualClock } from '../../../../src/time/manual-clock.ts';
import { ManualTurnLink } from '../../../support/turn-manual-link.ts';

const calls = 3;
const call = fc.integer({ min: 0, max: calls - 1 });
const step = fc.oneof(
  fc.record({ do: fc.constant('push'), call, samples: fc.integer({ min: 0, max: 2_000 }) }),
  fc.record({ do: fc.constant('ask'), call, from: fc.integer({ min: 0, max: 9_000 }) }),
  fc.record({ do: fc.constantFrom('reset', 'close'), call }),
  fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: 200 }) }),
  fc.record({ do: fc.constant('answer'), raw: fc.constantFrom(null, NaN, 0, 0.3, 1) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

test.prop([fc.array(step, { maxLength: 80 })], { seed: 20_261_121, numRuns: 300 })(
  'every ask ends in one counted way, scores keep their order, audio has no gaps but counted ones',
  (steps: readonly Step[]) => {
    const clock = new ManualClock();
    const link = new ManualTurnLink();
    const limits = { queueLimitSamples: 4_000, samplesPerRequest: 3_000, askTimeoutMs: 300 };
    const detector = new SmartTurnDetector({
      clock,
      weights: { path: '', sha256: '' },
      limits,
      openLink: link.open,
    });
    void detector.prepare(new AbortController().signal);
    link.ready();
    const scores: EndOfTurnScore[][] = Array.from({ length: calls }, () => []);
    const streams = scores.map((own) =>
      detector.open(
        (score) => own.push(score),
        () => undefined,
      ),
    );
    const heardTo = new Map<number, number>();
    let gaps = 0;
    const answer = (raw: number | null): void => {
      if (link.requests.length === 0) return;
      expect(link.requests).toHaveLength(1);
      const request = link.answer(raw);
      for (const { streamId, startSample, samples } of request.pieces) {
        const expected = heardTo.get(streamId) ?? startSample;
        expect(startSample).toBeGreaterThanOrEqual(expected);
        gaps += startSample - expected;
        heardTo.set(streamId, startSample + samples);
      }
    };
    for (const one of steps) {
      if ('samples' in one) streams[one.call]!.push(new Float32Array(one.samples));
      else if ('from' in one) streams[one.call]!.ask(one.from);
      else if ('ms' in one) clock.advance(one.ms);
      else if ('raw' in one) answer(one.raw);
      else if (one.do === 'reset') streams[one.call]!.reset();
      else streams[one.call]!.close();
    }
    const figure = (name: string): number => detector.figures()[name]!;
    const ended = ['answers', 'supersededAsks', 'lateAsks', 'emptyAsks'].map(figure);
    ended.push(figure('invalidScores'), figure('abandonedAsks'), figure('openAsks'));
    expect(ended.reduce((sum, count) => sum + count, 0)).toBe(figure('asks'));
    expect(scores.flat()).toHaveLength(figure('answers'));
    expect(gaps).toBeLessThanOrEqual(figure('droppedSamples'));
    for (const own of scores) {
      const places = own.map(({ askedAtSample }) => askedAtSample);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  },
);
