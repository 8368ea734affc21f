import { Draws, seedOf } from './draws.ts';

/**
 * A stand-in for an end-of-turn model of stated accuracy. Each silence gets one normal value, whose
 * mean is `d` where the turn is over and 0 where it is not, with `d = √2·Φ⁻¹(AUC)`: the area under
 * the curve over single questions is then the stated one, less what the wavering costs. The score is
 * the probability that follows from the value when both cases are equally likely, so it is
 * calibrated for that share. Asking again about the same silence gives the same value, wavering a
 * little. It hears nothing.
 */
export class StandInEndScores {
  readonly #separation: number;
  readonly #waver: number;

  /** @param auc area under the curve, in (0.5, 1) */
  constructor(auc: number, waver: number) {
    this.#separation = Math.SQRT2 * normalQuantile(auc);
    this.#waver = waver;
  }

  /**
   * @param silenceSeed one number a silence
   * @param question how often this silence was asked about before
   * @returns probability that the turn is over, 0–1
   */
  score(isEnd: boolean, silenceSeed: number, question: number): number {
    const d = this.#separation;
    const own = new Draws(seedOf(silenceSeed, 'end')).normal();
    const wavered = new Draws(seedOf(silenceSeed, 'end', question)).normal() * this.#waver;
    const value = (isEnd ? d : 0) + own + wavered;
    return 1 / (1 + Math.exp(-(d * value - (d * d) / 2)));
  }
}

/** Inverse of the normal distribution's share below a value, by halving: exact to 1e-9. */
function normalQuantile(share: number): number {
  if (!(share > 0.5 && share < 1)) throw new RangeError(`auc must be in (0.5, 1), got ${share}`);
  let [low, high] = [0, 8];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return low;
}

/** Share of a normal distribution below `value` ≥ 0 (Abramowitz and Stegun 26.2.17, error < 1e-7). */
function normalShare(value: number): number {
  const t = 1 / (1 + 0.231_641_9 * value);
  const tail =
    t *
    (0.319_381_53 +
      t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return 1 - (Math.exp((-value * value) / 2) / Math.sqrt(2 * Math.PI)) * tail;
}
