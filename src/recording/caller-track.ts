import { msToSamples, samplesToMs, type AudioFormat } from '../audio/format.ts';
import type { Placement } from '../ports/recording.ts';

/** A gap in the arrivals that is heard as silence, ms; shorter ones are jitter. */
const gapMs = 60;

/** Where what the caller said lies on the call's time. */
export class CallerTrack {
  readonly #format: AudioFormat;
  readonly #placements: Placement[] = [];
  #writtenSample = 0;
  /** End of what is placed, samples of the call's time. */
  #endSample = 0;

  constructor(format: AudioFormat) {
    this.#format = format;
  }

  get format(): AudioFormat {
    return this.#format;
  }

  /** Samples that came so far. */
  get samples(): number {
    return this.#writtenSample;
  }

  get placements(): readonly Placement[] {
    return this.#placements;
  }

  /** Whole samples came at call time `arrivalMs`, which is when their last one was spoken. */
  push(samples: number, arrivalMs: number): void {
    if (samples === 0) return;
    const { rateHz } = this.#format;
    const spokenAt = Math.max(0, msToSamples(arrivalMs - samplesToMs(samples, rateHz), rateHz));
    const gap = spokenAt - this.#endSample > msToSamples(gapMs, rateHz);
    const last = this.#placements.at(-1);
    if (last === undefined || gap) {
      this.#endSample = gap ? spokenAt : this.#endSample;
      const atSample = this.#endSample;
      this.#placements.push({ fromSample: this.#writtenSample, samples, atSample });
    } else {
      this.#placements[this.#placements.length - 1] = { ...last, samples: last.samples + samples };
    }
    this.#writtenSample += samples;
    this.#endSample += samples;
  }
}
