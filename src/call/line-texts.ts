import { msToSamples } from '../audio/format.ts';
import type { LineTrack } from './line-track.ts';

/** Text that waits for the audio it belongs to, line by line, each in its own order. */
export class LineTexts {
  readonly #waiting = new Map<LineTrack, { atSample: number; delta: string }[]>();

  /** @param startMs where on the line the text belongs; `null` = with the audio that comes next */
  push(track: LineTrack, delta: string, startMs: number | null): void {
    const atSample =
      startMs === null
        ? track.generatedSamples
        : msToSamples(Math.max(0, startMs), track.format.rateHz);
    const texts = this.#waiting.get(track);
    if (texts === undefined) this.#waiting.set(track, [{ atSample, delta }]);
    else texts.push({ atSample: Math.max(atSample, texts.at(-1)?.atSample ?? 0), delta });
  }

  /** Whether any of the line's text is still here. */
  has(track: LineTrack): boolean {
    return (this.#waiting.get(track)?.length ?? 0) > 0;
  }

  /** Takes the next text that belongs before this sample of the line; `undefined` = none. */
  take(track: LineTrack, beforeSample: number): string | undefined {
    const texts = this.#waiting.get(track);
    if (texts?.[0] === undefined || texts[0].atSample >= beforeSample) return undefined;
    return texts.shift()?.delta;
  }

  /** Drops what of the line begins at this sample or behind it. */
  keep(track: LineTrack, beforeSample: number): void {
    const texts = this.#waiting.get(track)?.filter(({ atSample }) => atSample < beforeSample);
    if (texts !== undefined) this.#waiting.set(track, texts);
  }

  /** The line is over. */
  drop(track: LineTrack): void {
    this.#waiting.delete(track);
  }

  clear(): void {
    this.#waiting.clear();
  }
}
