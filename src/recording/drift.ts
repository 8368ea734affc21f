import { msToSamples } from '../audio/format.ts';

/** Least lags are taken over so long, ms: in each such time one message at least was quick. */
const windowMs = 10_000;
/** A least lag up to this one is left as it is, ms. */
const toleranceMs = 5;
/** A larger one is no drift, ms: sound that was sent ahead of its time, or came too late to be placed. */
const limitMs = 100;
/** Sound between two samples that are made good, ms: 417 ppm at 24 kHz. */
const slipEveryMs = 100;

/** How far a client's clock has gone away from the call's, and which sample makes it good. */
export class Drift {
  readonly #rateHz: number;
  #windowEndMs = 0;
  #leastLag = Infinity;
  /** Samples that are to be said twice; negative: to be left out. */
  #owed = 0;
  #sinceSlip = 0;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** The track has a new place; nothing is judged until then, ms of call time. */
  restart(untilMs: number): void {
    this.#windowEndMs = untilMs;
    this.#leastLag = Infinity;
    this.#owed = 0;
    this.#sinceSlip = 0;
  }

  /**
   * Sound came and was placed.
   *
   * @param lag how much later than its place its end came, samples
   * @returns by how many samples the track is to be longer
   */
  push(samples: number, lag: number, nowMs: number): -1 | 0 | 1 {
    this.#sinceSlip += samples;
    if (this.#owed !== 0) return this.#makeGood(nowMs);
    this.#leastLag = Math.min(this.#leastLag, lag);
    if (nowMs < this.#windowEndMs) return 0;
    const least = this.#leastLag;
    const off = Math.abs(least);
    this.restart(nowMs + windowMs);
    if (off > this.#samplesOf(toleranceMs) && off <= this.#samplesOf(limitMs)) this.#owed = least;
    return 0;
  }

  #makeGood(nowMs: number): -1 | 0 | 1 {
    if (this.#sinceSlip < this.#samplesOf(slipEveryMs)) return 0;
    const by = this.#owed > 0 ? 1 : -1;
    const left = this.#owed - by;
    this.restart(nowMs + windowMs);
    this.#owed = left;
    return by;
  }

  #samplesOf(ms: number): number {
    return msToSamples(ms, this.#rateHz);
  }
}
