import { dipSample } from '../audio/dip.ts';
import { msToSamples } from '../audio/format.ts';
import type { LineTrack } from './line-track.ts';

/** Length of every fade, ms. */
export const fadeMs = 20;
/** How much of the audio that waits is searched for a dip, ms. */
export const dipSearchMs = 300;
/** Longest wait for the end of a word, ms; a longer one is stopped in a dip, or at once. */
const longestWordMs = 500;

/**
 * Where on its line the agent is to be stopped so that it can go on from there: at the next word
 * boundary where the backend gave word times, else in a dip of the audio that waits, else at once
 * but for a fade. See docs/decisions/0009.
 *
 * @param upcoming the line's audio that waits, its first 300 ms at most
 * @returns position in samples on the line; never before what was sent
 */
export function stopSample(track: LineTrack, upcoming: Float32Array): number {
  const { sentSamples } = track;
  const { rateHz } = track.format;
  const pauseMs = track.text.pauseAfter(track.sentMs);
  if (pauseMs !== null && pauseMs - track.sentMs <= longestWordMs) {
    return Math.max(sentSamples, msToSamples(pauseMs, rateHz));
  }
  const dip = dipSample(upcoming, rateHz);
  return sentSamples + (dip ?? Math.min(upcoming.length, msToSamples(fadeMs, rateHz)));
}
