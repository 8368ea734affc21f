import { percentile } from '../lib/distribution.ts';
import { seededRandom } from '../../test/ear/seeded-random.ts';
import { binomialMasses } from './intervals.ts';

/** What of two distributions is compared. `spread` is the interquartile range. */
export const comparedMetrics = ['median', 'p95', 'spread'] as const;

export type ComparedMetric = (typeof comparedMetrics)[number];

/** Samples of one agent, ms. */
export interface NamedSamples {
  readonly name: string;
  readonly samples: ArrayLike<number>;
}

export interface Difference {
  readonly a: string;
  readonly b: string;
  readonly metric: ComparedMetric;
  /** Figure of `b` less that of `a`, ms. */
  readonly byMs: number;
  /** Two-sided, before the correction for several comparisons. */
  readonly p: number;
  /** Whether it is told from chance, at 5 % over all comparisons together. */
  readonly real: boolean;
}

/** Chance of calling any difference real where there is none, over all comparisons of a run. */
const familyRisk = 0.05;
/** At least; more where so many comparisons are made that a smaller p is asked for. */
const leastResamples = 2_000;

/** A value of which it is known how likely it lies in each of some ranges. */
interface Belief {
  readonly lows: Float64Array;
  readonly highs: Float64Array;
  readonly masses: Float64Array;
}

interface Judged {
  readonly name: string;
  readonly figures: Readonly<Record<ComparedMetric, number>>;
  readonly beliefs: Readonly<Record<ComparedMetric, Belief>>;
}

/**
 * Which differences between each two agents are real. Quantiles are compared by the distribution that
 * binomial counts give them, spreads by a bootstrap (2,000 resamples or more, seeded); neither supposes a
 * shape or equal spreads. The rule over all comparisons is Holm's, at 5 %.
 */
export function differencesOf(
  agents: readonly NamedSamples[],
  seed: number,
): readonly Difference[] {
  const answered = agents.filter(({ samples }) => samples.length > 0);
  const comparisons = (comparedMetrics.length * answered.length * (answered.length - 1)) / 2;
  const resamples = Math.max(leastResamples, Math.ceil((2 * comparisons) / familyRisk));
  const judged = answered.map((agent, index) => judge(agent, seed + index, resamples));
  const raw = judged.flatMap((a, index) =>
    judged.slice(index + 1).flatMap((b) =>
      comparedMetrics.map((metric) => ({
        a: a.name,
        b: b.name,
        metric,
        byMs: b.figures[metric] - a.figures[metric],
        p: pValue(a.beliefs[metric], b.beliefs[metric]),
      })),
    ),
  );
  const real = holm(raw.map(({ p }) => p));
  return raw.map((difference, index) => ({ ...difference, real: real[index]! }));
}

/** Holm's step-down rule: which of these hypotheses are rejected. */
export function holm(pValues: readonly number[]): readonly boolean[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const rejected = new Array<boolean>(pValues.length).fill(false);
  for (const [rank, { p, index }] of order.entries()) {
    if (p > familyRisk / (pValues.length - rank)) break;
    rejected[index] = true;
  }
  return rejected;
}

function judge({ name, samples }: NamedSamples, seed: number, resamples: number): Judged {
  const sorted = Float64Array.from(samples).sort();
  return {
    name,
    figures: {
      median: percentile(sorted, 0.5),
      p95: percentile(sorted, 0.95),
      spread: interquartileRange(sorted),
    },
    beliefs: {
      median: quantileBelief(sorted, 0.5),
      p95: quantileBelief(sorted, 0.95),
      spread: spreadBelief(sorted, seed, resamples),
    },
  };
}

/** Upper quartile less the lower one. @param sorted ascending, at least one */
export function interquartileRange(sorted: ArrayLike<number>): number {
  return percentile(sorted, 0.75) - percentile(sorted, 0.25);
}

/** Between which neighbours the quantile lies, as likely as so many samples are below it. */
function quantileBelief(sorted: Float64Array, share: number): Belief {
  return {
    lows: Float64Array.of(-Infinity, ...sorted),
    highs: Float64Array.of(...sorted, Infinity),
    masses: binomialMasses(sorted.length, share),
  };
}

function spreadBelief(sorted: Float64Array, seed: number, resamples: number): Belief {
  const random = seededRandom(seed);
  const n = sorted.length;
  const times = new Uint32Array(n);
  const drawn = new Float64Array(resamples);
  for (let round = 0; round < resamples; round += 1) {
    times.fill(0);
    for (let i = 0; i < n; i += 1) times[Math.floor(random() * n)]! += 1;
    drawn[round] = sorted[place(times, 0.75 * n)]! - sorted[place(times, 0.25 * n)]!;
  }
  drawn.sort();
  return { lows: drawn, highs: drawn, masses: drawn.map(() => 1 / resamples) };
}

/** The sample up to which so many were drawn, where each was drawn so many times. */
function place(times: Uint32Array, rank: number): number {
  let at = 0;
  for (let drawn = times[0]!; drawn < rank - 1e-9;) drawn += times[++at]!;
  return at;
}

/** How unlikely it is that the value of one is not on its side of the other's; two-sided. */
function pValue(a: Belief, b: Belief): number {
  // Nothing is less likely than the least that either can tell.
  const least = Math.max(Math.min(...a.masses), Math.min(...b.masses));
  return Math.min(1, Math.max(2 * Math.min(notBelow(a, b), notBelow(b, a)), least));
}

/** Probability that `a` is not below `b`; where ranges overlap, it is not. */
function notBelow(a: Belief, b: Belief): number {
  let below = 0;
  let passed = 0;
  let aMass = 0;
  // Ranges are in order: those of `a` that end before this one of `b` begins only become more.
  for (const [index, low] of b.lows.entries()) {
    while (passed < a.highs.length && a.highs[passed]! < low) aMass += a.masses[passed++]!;
    below += aMass * b.masses[index]!;
  }
  return Math.max(0, 1 - below);
}
