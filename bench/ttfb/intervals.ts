/** Ends of an interval that holds the true value with 95 % confidence. `null`: too few samples for an end. */
export interface Interval {
  readonly low: number | null;
  readonly high: number | null;
}

/** What is not in the interval, both ends together. */
const risk = 0.05;

/**
 * Where the quantile of the whole population lies, whatever its distribution: between two order
 * statistics, since how many samples are below it is binomial. This is what a percentile bootstrap
 * of a quantile estimates by drawing; here it is computed, and its ends are the outer ones, so
 * that it holds the truth in at least 95 of 100 cases. A p95 has an upper end from 72 samples on.
 *
 * @param sorted ascending
 * @param share 0.5 for the median
 */
export function quantileInterval(sorted: ArrayLike<number>, share: number): Interval {
  const masses = binomialMasses(sorted.length, share);
  let low = 0;
  for (let below = 0; low < sorted.length; low += 1) {
    below += masses[low]!;
    if (below > risk / 2) break;
  }
  let high = sorted.length + 1;
  for (let above = 0; high > 0; high -= 1) {
    above += masses[high - 1]!;
    if (above > risk / 2) break;
  }
  return { low: sorted[low - 1] ?? null, high: sorted[high - 1] ?? null };
}

/** Probabilities of 0 to `n` successes out of `n`. Computed outwards from the likeliest, so none underflows early. */
export function binomialMasses(n: number, share: number): Float64Array {
  const masses = new Float64Array(n + 1);
  const mode = Math.min(n, Math.floor((n + 1) * share));
  const odds = share / (1 - share);
  masses[mode] = 1;
  for (let k = mode; k < n; k += 1) masses[k + 1] = (masses[k]! * odds * (n - k)) / (k + 1);
  for (let k = mode; k > 0; k -= 1) masses[k - 1] = (masses[k]! * k) / (odds * (n - k + 1));
  const sum = masses.reduce((total, mass) => total + mass, 0);
  return masses.map((mass) => mass / sum);
}
