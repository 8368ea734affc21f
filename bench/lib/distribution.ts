/** A set of measurements in the unit of its name. Percentiles are exact: no buckets, no decay. */
export interface Distribution {
  readonly n: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
}

/** What stands for measurements that were not taken. */
export const emptyDistribution: Distribution = {
  n: 0,
  p50: 0,
  p90: 0,
  p95: 0,
  p99: 0,
  max: 0,
  mean: 0,
  stddev: 0,
};

/**
 * The smallest sample that at least this share of all samples does not exceed (nearest rank).
 *
 * @param sorted ascending, at least one
 * @throws RangeError when there is no sample or the share is not in (0, 1]
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('percentile: no samples');
  if (!(share > 0 && share <= 1)) throw new RangeError(`share must be in (0, 1], got ${share}`);
  // 0.95 × 20 is a hair more than 19 in binary: a rank must not be moved by that.
  const rank = Math.ceil(share * sorted.length - 1e-9);
  return sorted[Math.max(0, rank - 1)]!;
}

/** Describes samples; `stddev` is that of a sample (n − 1). Values are rounded to 3 decimals. */
export function distribution(samples: ArrayLike<number>): Distribution {
  const n = samples.length;
  if (n === 0) return emptyDistribution;
  const sorted = Float64Array.from(samples).sort();
  let sum = 0;
  for (const value of sorted) sum += value;
  const mean = sum / n;
  let squares = 0;
  for (const value of sorted) squares += (value - mean) ** 2;
  return {
    n,
    p50: rounded(percentile(sorted, 0.5)),
    p90: rounded(percentile(sorted, 0.9)),
    p95: rounded(percentile(sorted, 0.95)),
    p99: rounded(percentile(sorted, 0.99)),
    max: rounded(sorted[n - 1]!),
    mean: rounded(mean),
    stddev: rounded(n === 1 ? 0 : Math.sqrt(squares / (n - 1))),
  };
}

/** Samples of several windows as one. */
export function pooled(windows: readonly ArrayLike<number>[]): Float64Array {
  const all = new Float64Array(windows.reduce((length, window) => length + window.length, 0));
  let at = 0;
  for (const window of windows) {
    all.set(window, at);
    at += window.length;
  }
  return all;
}

/** Median of unsorted samples. @throws RangeError when there is none */
export function median(samples: ArrayLike<number>): number {
  return percentile(Float64Array.from(samples).sort(), 0.5);
}

/** Three decimals: a microsecond where the unit is a millisecond. */
export function rounded(value: number): number {
  return Math.round(value * 1e3) / 1e3;
}
