/**
 * Pauses inside turns, as in eot-bench's English set among pauses of 0.2 s and more: share of them
 * that last no longer than so many ms. Between the knots the share grows in a straight line.
 */
export const holdKnots: readonly (readonly [lengthMs: number, share: number])[] = [
  [200, 0],
  [300, 0.444],
  [600, 0.783],
  [1_000, 0.9],
  [1_600, 0.95],
  [3_000, 1],
];

/** Length of the hold that `share` of all holds do not exceed, ms. @param share in [0, 1] */
export function holdMs(share: number): number {
  for (const [index, [toMs, toShare]] of holdKnots.entries()) {
    const [fromMs, fromShare] = holdKnots[index - 1] ?? [toMs, toShare];
    if (share <= toShare && toShare > fromShare) {
      return fromMs + ((toMs - fromMs) * (share - fromShare)) / (toShare - fromShare);
    }
  }
  throw new RangeError(`share must be in [0, 1], got ${share}`);
}

/**
 * What a timer that fires after `delayMs` of true silence must cut into: the share of holds that
 * are longer. This is the analytic curve that a measured one is compared with.
 */
export function cutInShare(delayMs: number): number {
  for (const [index, [toMs, toShare]] of holdKnots.entries()) {
    const [fromMs, fromShare] = holdKnots[index - 1] ?? [0, 0];
    if (delayMs <= toMs) {
      return 1 - fromShare - ((toShare - fromShare) * (delayMs - fromMs)) / (toMs - fromMs);
    }
  }
  return 0;
}
