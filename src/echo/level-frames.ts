import { bandCount, silenceDbfs } from './band-levels.ts';

/**
 * Band levels by call time, in frames of 10 ms numbered from the call's start, for the latest
 * `length` frames. Frames that were never written, or are older than the ring, are silence.
 */
export class LevelFrames {
  readonly #length: number;
  /** All levels kept, dBFS; see {@link offsetOf}. Not to be written to. */
  readonly levels: Float32Array;
  /** Which frame each place holds. */
  readonly #numbers: Int32Array;
  #newest = -1;

  /** @param length frames kept: 100 a second */
  constructor(length: number) {
    this.#length = length;
    // One frame of silence at the end stands for all that are not kept.
    this.levels = new Float32Array((length + 1) * bandCount).fill(silenceDbfs);
    this.#numbers = new Int32Array(length).fill(-1);
  }

  /** Number of the newest frame written, −1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Writes a frame. Where one is there already, the louder of the two stays in each band. */
  write(frame: number, levelsDbfs: Float32Array): void {
    if (frame < 0 || frame <= this.#newest - this.#length) return;
    const place = frame % this.#length;
    const from = place * bandCount;
    const again = this.#numbers[place] === frame;
    for (let band = 0; band < bandCount; band += 1) {
      const level = levelsDbfs[band]!;
      const index = from + band;
      this.levels[index] = again ? Math.max(level, this.levels[index]!) : level;
    }
    this.#numbers[place] = frame;
    this.#newest = Math.max(this.#newest, frame);
  }

  /** Where a frame's bands begin in `levels`. */
  offsetOf(frame: number): number {
    const place = frame % this.#length;
    return (frame >= 0 && this.#numbers[place] === frame ? place : this.#length) * bandCount;
  }

  /** Everything from this frame on is silence after all. */
  silenceFrom(frame: number): void {
    for (let place = 0; place < this.#length; place += 1) {
      if (this.#numbers[place]! >= frame) this.#numbers[place] = -1;
    }
    this.#newest = Math.min(this.#newest, frame - 1);
  }
}
