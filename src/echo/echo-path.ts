import { bandCount, silenceDbfs } from './band-levels.ts';
import { noiseScatterDb } from './noise-floor.ts';
import type { LevelFrames } from './level-frames.ts';

/** How fast a room falls silent, dB a frame: −60 dB in 300 ms. */
const tailDbPerFrame = 2;
/** The reference may sound this many frames before or after it is expected: jitter, framing. */
const looseFrames = 1;
/** Where a gain settles among what is seen: this share of the echo's frames lies below it. */
const gainQuantile = 0.85;
/** How fast it moves towards there, dB a frame: at first, and once it has settled. */
const fastestStepDb = 0.3;
const slowestStepDb = 0.03;
const settlingFrames = 150;
/** Share of a step while the caller seems to talk: not none, or a wrong gain would never heal. */
const whileTalking = 0.25;
/** A band tells something of the gain while the reference is this loud in it, dBFS. */
const tellingDbfs = -50;
/** No echo comes back louder than this above what was sent, dB. */
const greatestGainDb = 12;
/** Gain before anything was seen, dB. */
const firstGainDb = -6;

/**
 * What a known path makes of the reference: the level that is expected back in each band. The
 * reference's loudest level around the delay, a tail for the room, and a gain per band that is
 * learnt from frames that look like echo.
 */
export class EchoPath {
  readonly #gainsDb = new Float64Array(bandCount).fill(firstGainDb);
  readonly #tailsDbfs = new Float64Array(bandCount).fill(silenceDbfs);
  readonly #directDbfs = new Float64Array(bandCount).fill(silenceDbfs);
  #learnt = 0;

  /** Forgets the gains: another path. */
  restart(): void {
    this.#gainsDb.fill(firstGainDb);
    this.#learnt = 0;
  }

  /** Moves on to the frame of the reference that should be coming back now. */
  advance(frame: number, reference: LevelFrames): void {
    const { levels } = reference;
    const before = reference.offsetOf(frame - looseFrames);
    const exact = reference.offsetOf(frame);
    const after = reference.offsetOf(frame + looseFrames);
    for (let band = 0; band < bandCount; band += 1) {
      const direct = levels[exact + band]!;
      const loudest = Math.max(direct, levels[before + band]!, levels[after + band]!);
      this.#directDbfs[band] = direct;
      this.#tailsDbfs[band] = Math.max(loudest, this.#tailsDbfs[band]! - tailDbPerFrame);
    }
  }

  /** Nothing is expected back: the path is not known. */
  silence(): void {
    this.#directDbfs.fill(silenceDbfs);
    this.#tailsDbfs.fill(silenceDbfs);
  }

  /** Level expected back in a band, dBFS. */
  expectedDbfs(band: number): number {
    return Math.max(silenceDbfs, this.#tailsDbfs[band]! + this.#gainsDb[band]!);
  }

  /** Takes what came back for echo and moves the gains towards it. */
  learn(uplinkDbfs: Float32Array, noiseDbfs: Float64Array, talking: boolean): void {
    const stepDb =
      (talking ? whileTalking : 1) *
      Math.max(slowestStepDb, fastestStepDb * (1 - this.#learnt / settlingFrames));
    let told = false;
    for (let band = 0; band < bandCount; band += 1) {
      if (this.#directDbfs[band]! < tellingDbfs) continue;
      const level = uplinkDbfs[band]!;
      const aboveDb = level - this.expectedDbfs(band);
      // Below the noise nothing is seen of the echo but that it is not louder.
      if (level < noiseDbfs[band]! + noiseScatterDb && aboveDb > 0) continue;
      told = true;
      const moveDb = aboveDb > 0 ? gainQuantile * stepDb : (gainQuantile - 1) * stepDb;
      this.#gainsDb[band] = Math.min(greatestGainDb, this.#gainsDb[band]! + 2 * moveDb);
    }
    if (told) this.#learnt += 1;
  }
}
