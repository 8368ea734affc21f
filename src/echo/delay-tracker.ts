import { bandCount, levelFrameMs } from './band-levels.ts';
import type { LevelFrames } from './level-frames.ts';

/** How long the past counts, ms of sounding reference: a few words. */
const memoryMs = 1500;
/** Frames that one compared frame stands for. */
const stride = 2;
const keep = Math.exp((-stride * levelFrameMs) / memoryMs);
/** How much of the past still counts when a new line begins: players start each one anew. */
const newLineKeep = 0.1;
/** A band of the reference sounds above this, dBFS. */
const soundingDbfs = -60;
/** Levels below this say nothing about shape: both sides are cut off here, dBFS. */
const floorDbfs = -65;
/** The uplink is cut off this far above its noise, dB: what lies lower is noise. */
const aboveNoiseDb = 4;
/** The reference is cut off where its echo would be there if it lost this much, dB. */
const likelyLossDb = 8;
/** Spread of the uplink's levels below which there is no shape to compare, dB². */
const leastVariance = 9;

/** Where the reference fits the uplink best. */
export interface DelayFit {
  readonly delayFrames: number;
  /** Correlation of the two envelopes there, −1…1; 0 while there is too little to tell. */
  readonly correlation: number;
}

/**
 * Finds how much later the downlink comes back in the uplink: the correlation of their band
 * envelopes (levels in dB, each band around its own mean) for every delay of the window, with
 * exponential forgetting. Counts only while the reference may be heard, so that neither a silent
 * agent nor the caller's own turns move it.
 */
export class DelayTracker {
  readonly #lags: number;
  readonly #uplinkSums = new Float64Array(bandCount);
  #uplinkSquares = 0;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  readonly #products: Float64Array;
  readonly #cut = new Float64Array(bandCount);
  readonly #referenceFloorsDbfs = new Float64Array(bandCount);
  #weight = 0;
  #quietFrames = Infinity;
  #skip = false;

  /** @param maxDelayFrames longest delay that is looked for */
  constructor(maxDelayFrames: number) {
    this.#lags = maxDelayFrames + 1;
    this.#sums = new Float64Array(this.#lags * bandCount);
    this.#squares = new Float64Array(this.#lags);
    this.#products = new Float64Array(this.#lags);
  }

  /** Whether the reference sounded so recently that it may be heard now. */
  get mayBeHeard(): boolean {
    return this.#quietFrames < this.#lags;
  }

  /** Frames that count, at most `memoryMs` worth of them. */
  get weightFrames(): number {
    return this.#weight * stride;
  }

  /**
   * @param frame number of the uplink frame on the reference's timeline
   * @param noiseDbfs the uplink's noise per band
   */
  push(
    frame: number,
    uplinkDbfs: Float32Array,
    noiseDbfs: Float64Array,
    reference: LevelFrames,
  ): void {
    const wasQuiet = !this.mayBeHeard;
    this.#quietFrames = this.#sounds(frame, reference) ? 0 : this.#quietFrames + 1;
    if (!this.mayBeHeard) return;
    if (wasQuiet) this.#fade(newLineKeep);
    // Every second frame is enough for the envelopes of speech, and half the work.
    this.#skip = !this.#skip;
    if (this.#skip) return;
    this.#weight = this.#weight * keep + 1;
    this.#uplinkSquares *= keep;
    for (let band = 0; band < bandCount; band += 1) {
      const uplinkFloor = Math.max(floorDbfs, noiseDbfs[band]! + aboveNoiseDb);
      this.#referenceFloorsDbfs[band] = Math.max(
        floorDbfs,
        noiseDbfs[band]! + aboveNoiseDb + likelyLossDb,
      );
      const level = Math.max(uplinkDbfs[band]!, uplinkFloor) - uplinkFloor;
      this.#cut[band] = level;
      this.#uplinkSums[band] = this.#uplinkSums[band]! * keep + level;
      this.#uplinkSquares += level * level;
    }
    for (let lag = 0; lag < this.#lags; lag += 1) this.#pushLag(lag, frame - lag, reference);
  }

  #fade(share: number): void {
    this.#weight *= share;
    this.#uplinkSquares *= share;
    for (const sums of [this.#uplinkSums, this.#sums, this.#squares, this.#products]) {
      for (let i = 0; i < sums.length; i += 1) sums[i] = sums[i]! * share;
    }
  }

  #pushLag(lag: number, frame: number, reference: LevelFrames): void {
    const { levels } = reference;
    const offset = reference.offsetOf(frame);
    const from = lag * bandCount;
    let product = 0;
    let squares = 0;
    for (let band = 0; band < bandCount; band += 1) {
      const floor = this.#referenceFloorsDbfs[band]!;
      const level = Math.max(levels[offset + band]!, floor) - floor;
      product += this.#cut[band]! * level;
      squares += level * level;
      this.#sums[from + band] = this.#sums[from + band]! * keep + level;
    }
    this.#products[lag] = this.#products[lag]! * keep + product;
    this.#squares[lag] = this.#squares[lag]! * keep + squares;
  }

  /** Correlation at one delay, −1…1; 0 while there is too little to tell. */
  correlationAt(lag: number): number {
    if (this.#weight < 1 || lag < 0 || lag >= this.#lags) return 0;
    let product = this.#products[lag]!;
    let uplink = this.#uplinkSquares;
    let reference = this.#squares[lag]!;
    for (let band = 0; band < bandCount; band += 1) {
      const uplinkSum = this.#uplinkSums[band]!;
      const sum = this.#sums[lag * bandCount + band]!;
      product -= (uplinkSum * sum) / this.#weight;
      uplink -= (uplinkSum * uplinkSum) / this.#weight;
      reference -= (sum * sum) / this.#weight;
    }
    const least = leastVariance * this.#weight * bandCount;
    if (uplink < least || reference < least) return 0;
    return product / Math.sqrt(uplink * reference);
  }

  /**
   * The best delay now; not cheap (one pass over all of them), so not for every frame.
   *
   * @param all is given the correlation at each delay
   */
  best(all: Float64Array): DelayFit {
    let delayFrames = 0;
    let correlation = 0;
    for (let lag = 0; lag < this.#lags; lag += 1) {
      const candidate = this.correlationAt(lag);
      all[lag] = candidate;
      if (candidate <= correlation) continue;
      correlation = candidate;
      delayFrames = lag;
    }
    return { delayFrames, correlation };
  }

  #sounds(frame: number, reference: LevelFrames): boolean {
    const offset = reference.offsetOf(frame);
    for (let band = 0; band < bandCount; band += 1) {
      if (reference.levels[offset + band]! > soundingDbfs) return true;
    }
    return false;
  }
}
