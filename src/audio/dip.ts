import { levelDbfs } from './level.ts';
import { msToSamples } from './format.ts';

/** Length of a stretch that may be called a dip, and of the step from one to the next, ms. */
const windowMs = 20;
const stepMs = 5;
/** Below this a stretch is a dip whatever surrounds it, dBFS. */
const silentBelowDbfs = -50;
/** How far a dip lies below the whole, dB. */
const dipDb = 15;

/**
 * A place where speech may be stopped without cutting into sound: the middle of the first 20 ms that
 * are silent (below −50 dBFS), else of the quietest 20 ms if they lie 15 dB below the whole.
 *
 * @returns position in samples from the start of `samples`; `null` where nothing is clearly a dip
 */
export function dipSample(samples: Float32Array, rateHz: number): number | null {
  const window = msToSamples(windowMs, rateHz);
  const step = Math.max(1, msToSamples(stepMs, rateHz));
  let lowest = { atSample: 0, dbfs: Infinity };
  for (let start = 0; start + window <= samples.length; start += step) {
    const dbfs = levelDbfs(samples.subarray(start, start + window));
    const atSample = start + (window >> 1);
    if (dbfs < silentBelowDbfs) return atSample;
    if (dbfs < lowest.dbfs) lowest = { atSample, dbfs };
  }
  return lowest.dbfs <= levelDbfs(samples) - dipDb ? lowest.atSample : null;
}
