import { distribution, rounded, type Distribution } from '../../lib/distribution.ts';
import type { Marks } from './marks.ts';

/** A rate from two runs of the same dialogues. */
interface RateAgreement {
  readonly realTime: number;
  readonly engine: number;
  /** Two-proportion z; beyond ±1.96 chance explains less than one in twenty such differences. */
  readonly z: number;
  readonly agrees: boolean;
}

/** A delay from two runs of the same dialogues: differences event by event, real time less engine. */
interface DelayAgreement {
  readonly differenceMs: Distribution;
  /** Half of the 95 % confidence interval of the mean difference. */
  readonly ci95Ms: number;
}

/** Whether the gateway in real time and the machine at full speed say the same. */
export interface Agreement {
  readonly cutInRate: RateAgreement;
  readonly missedEndRate: RateAgreement;
  readonly trueYieldRate: RateAgreement;
  readonly falseYieldRate: RateAgreement;
  readonly endDelayMs: DelayAgreement;
  readonly duckMs: DelayAgreement;
  readonly yieldMs: DelayAgreement;
}

/** Compares two runs of the same dialogues; `realTime[i]` and `engine[i]` are the same dialogue. */
export function agreementOf(realTime: readonly Marks[], engine: readonly Marks[]): Agreement {
  const rate = <T>(
    list: (marks: Marks) => readonly T[],
    holds: (one: T) => boolean,
  ): RateAgreement => {
    const [a, b] = [realTime.flatMap(list), engine.flatMap(list)];
    const [x, y] = [a.filter(holds).length, b.filter(holds).length];
    const z = twoProportionZ([x, a.length], [y, b.length]);
    return {
      realTime: rounded(a.length === 0 ? 0 : x / a.length),
      engine: rounded(b.length === 0 ? 0 : y / b.length),
      z: rounded(z),
      agrees: Math.abs(z) <= 1.96,
    };
  };
  const delay = <T extends { readonly dialogue: number; readonly exchange: number }>(
    list: (marks: Marks) => readonly T[],
    valueOf: (one: T) => number | null,
  ): DelayAgreement => {
    const other = new Map(engine.flatMap(list).map((one) => [keyOf(one), valueOf(one)]));
    const differences = realTime.flatMap(list).flatMap((one) => {
      const [a, b] = [valueOf(one), other.get(keyOf(one)) ?? null];
      return a === null || b === null ? [] : [a - b];
    });
    const differenceMs = distribution(differences);
    const { n, stddev } = differenceMs;
    return { differenceMs, ci95Ms: rounded(n < 2 ? 0 : (1.96 * stddev) / Math.sqrt(n)) };
  };
  return {
    cutInRate: rate(
      ({ holds }) => holds,
      ({ cutIn }) => cutIn,
    ),
    missedEndRate: rate(
      ({ ends }) => ends,
      ({ missed }) => missed,
    ),
    trueYieldRate: rate(
      ({ overlaps }) => overlaps.filter(({ kind }) => kind === 'interruption'),
      ({ yieldMs }) => yieldMs !== null,
    ),
    falseYieldRate: rate(
      ({ overlaps }) => overlaps.filter(({ kind }) => kind === 'backchannel'),
      ({ yieldMs }) => yieldMs !== null,
    ),
    endDelayMs: delay(
      ({ ends }) => ends,
      ({ missed, delayMs }) => (missed ? null : delayMs),
    ),
    duckMs: delay(
      ({ overlaps }) => overlaps.filter(({ kind }) => kind !== 'cough'),
      ({ duckMs }) => duckMs,
    ),
    yieldMs: delay(
      ({ overlaps }) => overlaps.filter(({ kind }) => kind === 'interruption'),
      ({ yieldMs }) => yieldMs,
    ),
  };
}

/** z of the difference of two shares, each [hits, of]; 0 where there is nothing to tell apart. */
function twoProportionZ(
  [x, n]: readonly [number, number],
  [y, m]: readonly [number, number],
): number {
  if (n === 0 || m === 0) return 0;
  const both = (x + y) / (n + m);
  const error = Math.sqrt(both * (1 - both) * (1 / n + 1 / m));
  return error === 0 ? 0 : (x / n - y / m) / error;
}

function keyOf({
  dialogue,
  exchange,
}: {
  readonly dialogue: number;
  readonly exchange: number;
}): string {
  return `${dialogue}/${exchange}`;
}
