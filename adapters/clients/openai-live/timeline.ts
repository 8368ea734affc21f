/** Length of a frame of the output track, ms. */
export const frameMs = 100;
/** Pace while the track is behind, ms a frame. */
const hurriedMs = 80;
/** Most that is made up for at once after input came late, ms. */
const catchUpMs = 2_000;

/**
 * The session's clock: it advances with input audio and stands still without. Tells when frames of
 * the output track are due: one per frame of input, no faster than real time. Input that comes in a
 * heap after a stall is answered at once; input that comes faster than real time is not.
 */
export class Timeline {
  readonly #rateHz: number;
  readonly #frameSamples: number;
  #inputSamples = 0;
  #frames = 0;
  /** Earliest time of the next frame, ms on the caller's clock; `null` before any input. */
  #paceAtMs: number | null = null;

  /** @param rateHz of the input, samples a second; a multiple of 10 */
  constructor(rateHz: number) {
    this.#rateHz = rateHz;
    this.#frameSamples = (rateHz * frameMs) / 1000;
  }

  /** Samples of one frame. */
  get frameSamples(): number {
    return this.#frameSamples;
  }

  /** Input so far, ms: where the clock stands. */
  get inputMs(): number {
    return (this.#inputSamples * 1000) / this.#rateHz;
  }

  /** Length of the output track, ms. */
  get trackMs(): number {
    return this.#frames * frameMs;
  }

  /** Input came. */
  advance(samples: number, nowMs: number): void {
    if (samples <= 0) return;
    this.#inputSamples += samples;
    this.#paceAtMs ??= nowMs;
  }

  /** Takes the next frame of the track where it is due. @returns whether it is */
  take(nowMs: number): boolean {
    const waiting = this.#waiting();
    if (waiting < 1 || this.#paceAtMs === null) return false;
    this.#paceAtMs = Math.max(this.#paceAtMs, nowMs - catchUpMs);
    if (this.#paceAtMs > nowMs) return false;
    this.#frames += 1;
    this.#paceAtMs += waiting > 2 ? hurriedMs : frameMs;
    return true;
  }

  /** When to look again though no input comes; `null`: only input can make a frame due. */
  get wakeAtMs(): number | null {
    return this.#waiting() < 1 ? null : this.#paceAtMs;
  }

  #waiting(): number {
    return Math.floor(this.#inputSamples / this.#frameSamples) - this.#frames;
  }
}
