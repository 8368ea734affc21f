import { bytesPerSample } from '../audio/format.ts';
import { createConverter } from './converter.ts';
import type { Downlink } from './downlink.ts';
import type { LineTrack } from './line-track.ts';
import type { SpokenPhrase } from '../ports/phrases.ts';

/** Has lines say what no backend makes: sentences that are at hand as sound. */
export class OwnWords {
  readonly #downlink: Downlink;
  readonly #over: (track: LineTrack) => void;

  /** @param over a line has said all that it had to */
  constructor(downlink: Downlink, over: (track: LineTrack) => void) {
    this.#downlink = downlink;
    this.#over = over;
  }

  /** All that the line says. @param track of which nothing has been generated */
  say(track: LineTrack, phrase: SpokenPhrase): void {
    this.#push(track, phrase);
    this.#over(track);
  }

  /**
   * The line begins with it, whatever its backend makes of the rest.
   *
   * @param track of which nothing has been generated, but for such beginnings
   */
  preface(track: LineTrack, phrase: SpokenPhrase): void {
    const atMs = track.prefaceMs;
    const words = phrase.words.map(({ text, startMs, endMs }) => ({
      text,
      startMs: atMs + startMs,
      endMs: atMs + endMs,
    }));
    this.#push(track, { ...phrase, text: `${phrase.text} `, words }, atMs);
    track.prefaced(words);
  }

  /** What waits is given at once: somebody else has the floor next. */
  hurry(): void {
    this.#downlink.hurry();
  }

  /** Call time at which all agent audio that is here will have been heard; `null` while it is held. */
  get heardOutAtMs(): number | null {
    return this.#downlink.heardOutAtMs;
  }

  /** @param atMs where on the line it begins */
  #push(track: LineTrack, { bytes, format, text, words }: SpokenPhrase, atMs = 0): void {
    const converter = createConverter(format, track.format);
    const parts = [converter.convert(bytes), converter.flush()];
    converter.close();
    track.text.append(text, words);
    this.#downlink.pushText(track, text, atMs);
    for (const part of parts) {
      if (part.byteLength >= bytesPerSample(track.format.codec)) {
        this.#downlink.pushAudio(track, part);
      }
    }
  }
}
