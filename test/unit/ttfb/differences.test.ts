import { describe, expect, it } from 'vitest';
import { drawShapedMs, seededRandom } from '../../../adapters/backends/rehearsal/chance.ts';
import { knownAgents, type KnownAgent } from '../../../bench/ttfb/agents.ts';
import {
  differencesOf,
  holm,
  type ComparedMetric,
  type Difference,
} from '../../../bench/ttfb/differences.ts';
import { quantileInterval } from '../../../bench/ttfb/intervals.ts';

/** Turns of each agent that are enough for all that is said below. */
const enoughTurns = 200;
const seeds = Array.from({ length: 20 }, (_, seed) => seed + 1);

function samplesOf({ shape, firstAudioMs }: KnownAgent, seed: number, count: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: count }, () =>
    drawShapedMs(shape, firstAudioMs, random),
  ).sort();
}

/** Whether the two really differ: what the distributions are made to have. */
function differ(a: string, b: string, metric: ComparedMetric): boolean {
  const of = (name: string): KnownAgent => knownAgents.find((agent) => agent.name === name)!;
  const same = new Set([a, b]).isSubsetOf(new Set(['steady', 'shifted']));
  switch (metric) {
    case 'median':
      return of(a).firstAudioMs.p50 !== of(b).firstAudioMs.p50;
    case 'p95':
      return of(a).firstAudioMs.p95 !== of(b).firstAudioMs.p95;
    case 'spread':
      return !same;
  }
}

/** The quartiles of these are nearly the same distance apart: no number of turns here tells. */
function tooClose({ a, b, metric }: Difference): boolean {
  return metric === 'spread' && a === 'wide' && b === 'heavy';
}

const runs = seeds.map((seed) => {
  const agents = knownAgents.map((agent, index) => ({
    name: agent.name,
    agent,
    samples: samplesOf(agent, seed * 101 + index, enoughTurns),
  }));
  return { agents, differences: differencesOf(agents, seed) };
});

describe(`over 20 seeds, ${enoughTurns} turns of each agent`, () => {
  it.each(['p50', 'p95'] as const)(
    'the true %s lies in its interval as often as said',
    (figure) => {
      let covered = 0;
      for (const { name, firstAudioMs } of knownAgents) {
        const hits = runs.filter(({ agents }) => {
          const { samples } = agents.find((agent) => agent.name === name)!;
          const { low, high } = quantileInterval(samples, figure === 'p50' ? 0.5 : 0.95);
          return low! <= firstAudioMs[figure] && firstAudioMs[figure] <= high!;
        }).length;
        expect(hits, name).toBeGreaterThanOrEqual(18);
        covered += hits;
      }
      // 95 % are said; of 100 draws fewer than 90 would come once in fifty runs if that were true.
      expect(covered).toBeGreaterThanOrEqual(90);
    },
  );

  it('nothing is called a difference that is none', () => {
    const wrong = runs.flatMap(({ differences }) =>
      differences.filter(({ a, b, metric, real }) => real && !differ(a, b, metric)),
    );
    // One wrong call in a run is allowed in one of twenty runs.
    expect(wrong.length).toBeLessThanOrEqual(1);
  });

  it('real differences in the median and the 95th percentile are found', () => {
    for (const metric of ['median', 'p95'] as const) {
      const real = runs.flatMap(({ differences }) =>
        differences.filter((one) => one.metric === metric && differ(one.a, one.b, metric)),
      );
      expect(real.filter((one) => one.real).length / real.length).toBeGreaterThan(0.9);
    }
  });

  it('real differences in spread are found, but for two that are too close', () => {
    const spread = runs
      .flatMap(({ differences }) => differences)
      .filter((one) => one.metric === 'spread' && differ(one.a, one.b, 'spread') && !tooClose(one));
    const bimodal = spread.filter(({ a, b }) => a === 'bimodal' || b === 'bimodal');
    const others = spread.filter((one) => !bimodal.includes(one));
    expect(others.filter(({ real }) => real).length / others.length).toBeGreaterThan(0.95);
    // Its upper quartile lies next to the gap between the modes.
    expect(bimodal.filter(({ real }) => real).length / bimodal.length).toBeGreaterThan(0.5);
  });

  it('the direction of every difference that is called is right', () => {
    for (const { differences } of runs) {
      for (const { a, b, metric, byMs, real } of differences) {
        if (!real || metric === 'spread') continue;
        const truth = (name: string): number =>
          knownAgents.find((agent) => agent.name === name)!.firstAudioMs[
            metric === 'median' ? 'p50' : 'p95'
          ];
        expect(Math.sign(byMs)).toBe(Math.sign(truth(b) - truth(a)) || Math.sign(byMs));
      }
    }
  });
});

describe('too few turns', () => {
  it('call no difference in the 95th percentile that they cannot see', () => {
    const [steady, wide] = knownAgents;
    const agents = [steady!, wide!].map((agent, index) => ({
      name: agent.name,
      samples: samplesOf(agent, index + 1, 40),
    }));
    const p95 = differencesOf(agents, 1).find(({ metric }) => metric === 'p95');
    expect(p95?.byMs).toBeGreaterThan(100);
    expect(p95?.real).toBe(false);
  });

  it('of an agent that never answered are left out', () => {
    expect(
      differencesOf(
        [
          { name: 'a', samples: [] },
          { name: 'b', samples: [1] },
        ],
        1,
      ),
    ).toEqual([]);
  });
});

describe("Holm's rule", () => {
  it('goes down step by step and stops at the first that fails', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([true, false, false, true]);
    expect(holm([0.012, 0.013, 0.02, 0.04])).toEqual([true, true, true, true]);
    expect(holm([0.02, 0.02, 0.02])).toEqual([false, false, false]);
    expect(holm([])).toEqual([]);
  });
});
