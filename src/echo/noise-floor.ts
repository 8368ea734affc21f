import { bandCount, silenceDbfs } from './band-levels.ts';

/** Share of a frame in the running mean: 100 ms, over which noise scatters by 1 dB, not by 4. */
const meanShare = 0.1;
/** Frames whose plain mean the floor begins with. */
const firstFrames = 10;
/** How fast the floor falls to a lower mean, share of the way a frame. */
const fallShare = 0.3;
/** How far a single frame of noise may rise above the floor, dB. */
export const noiseScatterDb = 8;
/** How fast it rises, dB a frame: 2 dB a second, so that speech does not lift it. */
const riseDb = 0.02;

/**
 * The uplink's own noise: in each band the lowest running mean of the latest time. Follows means
 * instead of frames, because the quietest frame of 10 ms lies some 10 dB below the noise it is of.
 */
export class NoiseFloor {
  /** dBFS per band. Not to be written to. */
  readonly levelsDbfs = new Float64Array(bandCount).fill(silenceDbfs);
  readonly #meansDbfs = new Float64Array(bandCount).fill(silenceDbfs);
  #frames = 0;

  /** Of the noisiest band. */
  get loudestDbfs(): number {
    return Math.max(...this.levelsDbfs);
  }

  push(levelsDbfs: Float32Array): void {
    this.#frames += 1;
    const first = this.#frames <= firstFrames;
    const share = first ? 1 / this.#frames : meanShare;
    for (let band = 0; band < bandCount; band += 1) {
      const mean = this.#meansDbfs[band]! + share * (levelsDbfs[band]! - this.#meansDbfs[band]!);
      const floor = this.levelsDbfs[band]!;
      this.#meansDbfs[band] = mean;
      if (first) this.levelsDbfs[band] = mean;
      else
        this.levelsDbfs[band] = mean < floor ? floor + fallShare * (mean - floor) : floor + riseDb;
    }
  }
}
