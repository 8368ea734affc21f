import { frameSamples } from './shape.ts';

/** Level that a frame with speech in it is never below, dBFS (root mean square). */
const floorDbfs = -66;
/** Quiet frames in a row that are scored all the same: half a second. */
const hangoverFrames = 16;
/** The model has to be as sure as this that nobody speaks. */
const calmProbability = 0.1;

const floorEnergy = frameSamples * 10 ** (floorDbfs / 10);

/**
 * Whether a frame has to be scored at all. A caller is silent most of a call, on many lines down to
 * the last bit, and the model says the same of every such frame. What it says before and after is
 * not to change by that: a silence is scored until the model is calm, and its last frame again
 * before the first one that is not silent (docs/performance.md has the figures).
 */
export class SilenceGate {
  #quietFrames = 0;
  #isCalm = false;

  /** @param samples one frame; only read */
  isSilent(samples: Float32Array): boolean {
    this.#quietFrames = isQuiet(samples) ? this.#quietFrames + 1 : 0;
    return this.#isCalm && this.#quietFrames > hangoverFrames;
  }

  /** What the model said of the latest frame that it was asked about. */
  scored(probability: number): void {
    this.#isCalm = probability < calmProbability;
  }

  /** The model begins afresh. */
  reset(): void {
    this.#quietFrames = 0;
    this.#isCalm = false;
  }
}

/** A loud frame is known after a few samples. */
function isQuiet(samples: Float32Array): boolean {
  let energy = 0;
  for (let at = 0; at < samples.length && energy < floorEnergy; at += 1) {
    energy += samples[at]! * samples[at]!;
  }
  return energy < floorEnergy;
}
