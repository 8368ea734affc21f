import { msToSamples } from '../../../src/audio/format.ts';

/** Stretches remembered (a count): the upstream speaks of what it heard a moment ago. */
const stretchLimit = 64;

/** Audio in a row, from one place of the upstream's count on. */
interface Stretch {
  readonly upstreamSample: number;
  /** Where on the uplink it begins; for silence that was put in, where that stands. */
  readonly uplinkSample: number;
  readonly isSilence: boolean;
}

/**
 * The upstream counts every sample it was sent; the uplink counts what the caller sent. Between the
 * two lie silence that was put in and audio that was lost.
 */
export class UpstreamPositions {
  readonly #rateHz: number;
  readonly #stretches: Stretch[] = [];
  #sentSamples = 0;

  /** @param rateHz of both counts */
  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  /** Caller audio was sent; `uplinkSample` is its first. */
  sent(samples: number, uplinkSample: number): void {
    const last = this.#stretches.at(-1);
    const goesOn =
      last?.isSilence === false &&
      last.uplinkSample + this.#sentSamples - last.upstreamSample === uplinkSample;
    if (!goesOn) this.#begin({ uplinkSample, isSilence: false });
    this.#sentSamples += samples;
  }

  /** Silence was sent in place of audio that did not come. */
  filled(samples: number): void {
    const last = this.#stretches.at(-1);
    if (last?.isSilence !== true) this.#begin({ uplinkSample: this.end, isSilence: true });
    this.#sentSamples += samples;
  }

  /** Uplink sample behind the last one sent. */
  get end(): number {
    return this.#uplinkAt(this.#sentSamples);
  }

  /** Uplink sample of a position of the upstream's, ms. */
  at(upstreamMs: number): number {
    return this.#uplinkAt(msToSamples(upstreamMs, this.#rateHz));
  }

  #uplinkAt(upstreamSample: number): number {
    const stretch =
      this.#stretches.findLast((known) => known.upstreamSample <= upstreamSample) ??
      this.#stretches[0];
    if (stretch === undefined) return 0;
    if (stretch.isSilence) return stretch.uplinkSample;
    return Math.max(0, stretch.uplinkSample + upstreamSample - stretch.upstreamSample);
  }

  #begin(stretch: Omit<Stretch, 'upstreamSample'>): void {
    this.#stretches.push({ upstreamSample: this.#sentSamples, ...stretch });
    if (this.#stretches.length > stretchLimit) this.#stretches.shift();
  }
}
