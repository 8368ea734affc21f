/**
 * The most of these moments that lie within one stretch of this length, wherever it begins (a count).
 *
 * @param atMs in any order
 */
export function mostWithin(atMs: readonly number[], lengthMs: number): number {
  const sorted = atMs.toSorted((one, other) => one - other);
  let from = 0;
  let most = 0;
  for (const [at, ms] of sorted.entries()) {
    while (sorted[from]! <= ms - lengthMs) from += 1;
    most = Math.max(most, at - from + 1);
  }
  return most;
}
