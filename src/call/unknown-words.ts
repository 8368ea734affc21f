import { bytesPerSample, msToSamples } from '../audio/format.ts';
import { decodeSamples } from '../audio/samples.ts';
import { firstAudibleSample, lastAudibleEnd } from '../audio/level.ts';
import type { LineTrack } from './line-track.ts';

/** Speech of a line that was heard, and whose words never came. */
export interface UnknownWords {
  readonly ms: number;
  /** An estimate (a count, at least 1). */
  readonly words: number;
}

/** What was said in a line behind all of its text, where its backend was lost before it told more. */
export function unknownWords(track: LineTrack): UnknownWords | null {
  const { breakOff, sentMs } = track;
  if (breakOff === null) return null;
  const { textEndMs, figures } = breakOff;
  const ms = audibleMs(track, textEndMs) ?? Math.max(0, sentMs - textEndMs);
  const words = Math.round(ms / figures.msPerWord);
  return words < 1 ? null : { ms, words };
}

/** From the first sound behind a place to the last, ms; `null` where it is not kept. */
function audibleMs(track: LineTrack, fromMs: number): number | null {
  const { codec, rateHz } = track.format;
  const bytes = track.audio();
  const width = bytesPerSample(codec);
  if (bytes === null || bytes.byteLength < track.sentSamples * width) return null;
  const from = Math.min(track.sentSamples, msToSamples(fromMs, rateHz));
  const samples = decodeSamples(bytes.subarray(from * width), codec);
  const first = firstAudibleSample(samples, rateHz);
  const end = lastAudibleEnd(samples, rateHz);
  return first === null || end === null ? 0 : (Math.max(0, end - first) * 1000) / rateHz;
}
