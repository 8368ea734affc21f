import { bandCount } from './band-levels.ts';
import { noiseScatterDb } from './noise-floor.ts';
import type { EchoPath } from './echo-path.ts';

/** Above this over the expected echo a band speaks for the caller, dB. */
const slackDb = 3;
/** Most that one band of one frame adds, dB: a click in one band is not a voice. */
const mostOfBandDb = 6;
/** What was gathered fades by this factor a frame: a time constant of 60 ms. */
const keep = 0.85;
/** Gathered evidence, dB summed over bands and time, at which the caller is as likely as not. */
const evenDb = 12;
/** How much of it makes the odds e times higher, dB. */
const slopeDb = 3;
const mostDb = 60;
/** Once the caller was heard, the frames between two of his syllables are his too. */
const hangFrames = 18;
/** The echo counts as audible this far above the uplink's noise, dB, … */
const audibleDb = 3;
/** … and from this level on in any noise: a voice detector hears deeper into noise than levels do. */
const audibleDbfs = -48;
/** A detector still hears speech for a while after it ended, frames: 150 ms. */
const afterFrames = 15;

/**
 * Weighs, frame by frame, what rises above the expected echo. One band in one frame proves
 * nothing (levels of 10 ms scatter by some dB), several in a row do.
 */
export class TalkEvidence {
  #evidenceDb = 0;
  #hang = 0;
  #residualDb = 0;
  #echoAudible = false;
  #sinceAudible = afterFrames;

  /** Whether an echo could be heard at all just now. */
  get echoAudible(): boolean {
    return this.#echoAudible;
  }

  /** Rise above the expected echo in the loudest band, dB. */
  get residualDb(): number {
    return this.#residualDb;
  }

  /** Whether the caller is being heard. */
  get talking(): boolean {
    return this.#hang > 0;
  }

  /** Likelihood 0–1 that the frame is nothing but echo. */
  get echo(): number {
    return this.#hang > 0 ? 0 : 1 / (1 + Math.exp((this.#evidenceDb - evenDb) / slopeDb));
  }

  restart(): void {
    this.#evidenceDb = 0;
    this.#hang = 0;
  }

  weigh(uplinkDbfs: Float32Array, noiseDbfs: Float64Array, path: EchoPath): void {
    let evidenceDb = this.#evidenceDb * keep;
    let residualDb = -Infinity;
    let audible = false;
    for (let band = 0; band < bandCount; band += 1) {
      const expected = path.expectedDbfs(band);
      const floor = noiseDbfs[band]!;
      audible ||= expected > Math.min(floor + audibleDb, audibleDbfs);
      const aboveDb = uplinkDbfs[band]! - Math.max(expected, floor + noiseScatterDb);
      residualDb = Math.max(residualDb, aboveDb);
      if (aboveDb > slackDb) evidenceDb += Math.min(mostOfBandDb, aboveDb - slackDb);
    }
    this.#evidenceDb = Math.min(mostDb, evidenceDb);
    this.#residualDb = residualDb;
    this.#sinceAudible = audible ? 0 : this.#sinceAudible + 1;
    this.#echoAudible = this.#sinceAudible < afterFrames;
    this.#hang = this.#evidenceDb > evenDb ? hangFrames : Math.max(0, this.#hang - 1);
  }
}
