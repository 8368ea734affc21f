import { DelayTracker } from './delay-tracker.ts';
import type { LevelFrames } from './level-frames.ts';

/** The delays are compared every this many frames: the comparison costs more than the frame. */
const lookEveryFrames = 5;
/** Correlation from which a delay is believed, and from which another one replaces it. */
const lockAbove = 0.7;
const betterBy = 0.05;
/** Reference that has to have sounded before the first belief, frames. */
const leastFrames = 25;
/** Until this much reference has sounded, frames, chance can look like an echo: … */
const probationFrames = 80;
/** … so that a belief is dropped at once when the correlation falls below this. */
const probationAbove = 0.6;
/** Reference a believed delay is judged by, frames: a line's first syllables fit many delays. */
const judgingFrames = 80;
/** Looks in a row that must agree before a delay that was believed is changed. */
const changeLooks = 3;
/** Correlation below which the echo seems gone, and for how many looks (2 s) before it is. */
const lostBelow = 0.35;
const lostLooks = 40;

/**
 * On a noisy line the correlation stays low. There a delay is believed as well when it stands out
 * for long: among the means of what was seen at each delay over some 4 s of looks, …
 */
const meanLooks = 80;
/** … once so many were taken (2 s), … */
const leastLooks = 40;
/** … if it reaches this, … */
const faintAbove = 0.3;
/** … and no delay further away than this comes near it. */
const asideFrames = 15;
const standsOutBy = 0.12;
/** A faint belief is given up when its mean falls below this. */
const faintLostBelow = 0.15;

/**
 * Holds on to the delay of the echo: believed once the envelopes agree, followed as it drifts,
 * changed when another delay fits clearly better, kept while the agent is silent, given up when
 * nothing in the uplink resembles the agent any more.
 */
export class DelayLock {
  readonly #tracker: DelayTracker;
  #delayFrames: number | null = null;
  #correlation = 0;
  #candidate = -1;
  #agreed = 0;
  /** The delay has stood the test of more reference than it was found with. */
  #confirmed = false;
  #lost = 0;
  #look = 0;
  /** Correlation now, and its mean over the latest looks, at each delay. */
  readonly #now: Float64Array;
  readonly #means: Float64Array;
  #looks = 0;
  /** Believed for its mean. */
  #faint = false;

  /** @param maxDelayFrames longest delay that is looked for */
  constructor(maxDelayFrames: number) {
    this.#tracker = new DelayTracker(maxDelayFrames);
    this.#now = new Float64Array(maxDelayFrames + 1);
    this.#means = new Float64Array(maxDelayFrames + 1);
  }

  /** Whether the agent sounded so recently that its echo may be heard now. */
  get mayBeHeard(): boolean {
    return this.#tracker.mayBeHeard;
  }

  /** `null` while none is believed. */
  get delayFrames(): number | null {
    return this.#delayFrames;
  }

  /** Of the envelopes at that delay when last looked at, −1…1. */
  get correlation(): number {
    return this.#correlation;
  }

  /**
   * @param frame number of the uplink frame on the reference's timeline
   * @param noiseDbfs the uplink's noise per band
   * @returns whether a delay is believed now where none was before
   */
  push(
    frame: number,
    uplinkDbfs: Float32Array,
    noiseDbfs: Float64Array,
    reference: LevelFrames,
  ): boolean {
    this.#tracker.push(frame, uplinkDbfs, noiseDbfs, reference);
    this.#look += 1;
    if (this.#look < lookEveryFrames || !this.#tracker.mayBeHeard) return false;
    this.#look = 0;
    if (this.#tracker.weightFrames < leastFrames) return false;
    const before = this.#delayFrames;
    this.#compare();
    return before === null && this.#delayFrames !== null;
  }

  #compare(): void {
    const best = this.#tracker.best(this.#now);
    this.#remember();
    const faint = this.#outstanding();
    if (this.#delayFrames === null) {
      if (best.correlation < lockAbove) {
        if (faint !== null) this.#believeFaint(faint);
        return;
      }
      this.#faint = false;
      this.#confirmed = false;
      this.#believe(best.delayFrames, best.correlation);
      return;
    }
    this.#correlation = this.#tracker.correlationAt(this.#delayFrames);
    if (!this.#confirmed) {
      if (this.#correlation < probationAbove) {
        this.#delayFrames = null;
        return;
      }
      this.#confirmed = this.#tracker.weightFrames >= probationFrames;
    }
    if (this.#confirmed && this.#tracker.weightFrames < judgingFrames) return;
    if (this.#faint) {
      this.#keepFaint(faint, best.correlation);
      return;
    }
    this.#lost = this.#correlation < lostBelow ? this.#lost + 1 : 0;
    if (this.#lost >= lostLooks) {
      this.#delayFrames = null;
      return;
    }
    // One frame aside is drift or rounding: the fit need not be better by much to be followed.
    const aside = Math.abs(best.delayFrames - this.#delayFrames);
    const better = best.correlation - this.#correlation > (aside <= 1 ? 0 : betterBy);
    if (aside === 0 || !better || best.correlation < lockAbove) {
      this.#agreed = 0;
      return;
    }
    this.#agreed = Math.abs(best.delayFrames - this.#candidate) <= 1 ? this.#agreed + 1 : 1;
    this.#candidate = best.delayFrames;
    if (this.#agreed >= changeLooks) this.#believe(best.delayFrames, best.correlation);
  }

  /** A faint delay is held to its mean. A strong fit replaces it, by the usual rules from then on. */
  #keepFaint(faint: number | null, bestCorrelation: number): void {
    const current = this.#delayFrames!;
    if (faint !== null && faint !== current) {
      const aside = Math.abs(faint - current) <= 1;
      const better = this.#means[faint]! - this.#means[current]!;
      if (aside || better > betterBy) this.#believeFaint(faint);
    } else if (this.#means[current]! < faintLostBelow) {
      this.#delayFrames = null;
      return;
    }
    if (bestCorrelation >= lockAbove) {
      this.#faint = false;
      this.#lost = 0;
    }
  }

  #believeFaint(delayFrames: number): void {
    this.#believe(delayFrames, this.#now[delayFrames]!);
    this.#faint = true;
    this.#confirmed = true;
  }

  #remember(): void {
    this.#looks += 1;
    const share = 1 / Math.min(this.#looks, meanLooks);
    for (let lag = 0; lag < this.#means.length; lag += 1) {
      this.#means[lag] = this.#means[lag]! + share * (this.#now[lag]! - this.#means[lag]!);
    }
  }

  /** The delay that stands out among the means; `null` where none does. */
  #outstanding(): number | null {
    if (this.#looks < leastLooks) return null;
    const means = this.#means;
    let best = 0;
    for (let lag = 1; lag < means.length; lag += 1) if (means[lag]! > means[best]!) best = lag;
    if (means[best]! < faintAbove) return null;
    const above = means[best]! - standsOutBy;
    for (let lag = 0; lag < means.length; lag += 1) {
      if (means[lag]! > above && Math.abs(lag - best) > asideFrames) return null;
    }
    return best;
  }

  #believe(delayFrames: number, correlation: number): void {
    this.#delayFrames = delayFrames;
    this.#correlation = correlation;
    this.#agreed = 0;
    this.#lost = 0;
  }
}
