/** A knot of a piecewise linear, never falling map from a graph's output to a probability. */
export interface CalibrationPoint {
  readonly raw: number;
  readonly probability: number;
}

/**
 * For Smart Turn v3.2, whose useful thresholds lie at 0.01–0.21 and not at 0.5. NOT FITTED: derived
 * from its four published operating points on English (eot-bench: threshold, action delay, timeout,
 * with the rate of cut-ins and the mean delay they gave), as docs/end-of-turn.md shows and a test
 * works out again. Probabilities are those of equally many ends and pauses. One in five scores at
 * the top comes from a pause, so nothing maps above 0.79.
 */
export const smartTurnCalibration: readonly CalibrationPoint[] = [
  { raw: 0, probability: 0.05 },
  { raw: 0.01, probability: 0.16 },
  { raw: 0.05, probability: 0.46 },
  { raw: 0.21, probability: 0.67 },
  { raw: 1, probability: 0.79 },
];

/**
 * @param points rising in `raw`, from 0 to 1
 * @throws RangeError when they are not a never falling map of 0–1 into 0–1
 */
export function checkCalibration(points: readonly CalibrationPoint[]): void {
  const sound =
    points.length >= 2 &&
    points[0]!.raw === 0 &&
    points.at(-1)!.raw === 1 &&
    points.every(({ raw, probability }, index) => {
      const before = points[index - 1];
      if (!(probability >= 0 && probability <= 1)) return false;
      return before === undefined || (raw > before.raw && probability >= before.probability);
    });
  if (!sound) {
    const text = points.map(({ raw, probability }) => `${raw}: ${probability}`).join(', ');
    throw new RangeError(`a calibration must rise from raw 0 to raw 1, got ${text}`);
  }
}

/** @param raw a graph's output, 0–1 */
export function calibrated(raw: number, points: readonly CalibrationPoint[]): number {
  const next = Math.max(
    1,
    points.findIndex((point) => point.raw >= raw),
  );
  const { raw: from, probability: low } = points[next - 1]!;
  const { raw: to, probability: high } = points[next]!;
  return low + ((raw - from) / (to - from)) * (high - low);
}
