import type { RecognisedWord } from '../../../../src/ports/speech-to-text.ts';
import { Fingerprinter } from './fingerprint.ts';
import type { SoundLibrary } from './library.ts';
import { Matcher, type Match } from './matcher.ts';
import { hopMs, windowMs } from './spectrum.ts';

/** A word counts as said when the sound is that close to its end, ms: where it ends is a guess. */
const endToleranceMs = 100;
/** A word counts as said from its begin when the agreement begins that little after it, ms. */
const startToleranceMs = 150;
/** Words of another reading that end later than this after a new one's begin give way to it, ms. */
const overlapMs = 150;

/** Readings of one recording whose begins differ by less are one reading, ms. */
const sameRunMs = 250;

/** A recording that is being heard, or was: where it lies on the session's audio. */
interface Run {
  readonly recording: number;
  /** Session time of the recording's begin, ms. */
  readonly originMs: number;
  /** Session time from which on it was heard, ms. */
  readonly fromMs: number;
  /** Session time up to which it was heard, ms. */
  untilMs: number;
}

/** Which known words were said when, in one stream of 8 kHz audio. Times are ms of that audio. */
export class WordTrack {
  readonly #library: SoundLibrary;
  readonly #fingerprinter = new Fingerprinter();
  readonly #matcher: Matcher;
  #frames = 0;
  /** Of the stretch under way, in order; the last may go on. */
  #runs: Run[] = [];
  #match: Match | null = null;
  /** Words that end before this were told, or are not wanted. */
  #stretchFromMs = 0;

  constructor(library: SoundLibrary) {
    this.#library = library;
    this.#matcher = new Matcher(library);
  }

  /** Middle of the newest frame. */
  get nowMs(): number {
    return (this.#frames - 1) * hopMs + windowMs / 2;
  }

  /** @returns whether the words may have changed */
  push(samples: Float32Array): boolean {
    let changed = false;
    for (const frame of this.#fingerprinter.push(samples)) {
      this.#frames += 1;
      const match = this.#matcher.take(frame);
      if (match !== null) {
        changed = true;
        this.#note(match);
      }
      this.#match = match;
    }
    return changed;
  }

  /** Words of the stretch so far. */
  words(): readonly RecognisedWord[] {
    return this.#runs.flatMap((run) => this.#wordsOf(run));
  }

  /** The stretch is over; @returns its words. What is under way goes on into the next one. */
  cut(): readonly RecognisedWord[] {
    const words = this.words();
    const lastEndMs = words.at(-1)?.endMs ?? 0;
    this.#stretchFromMs = Math.max(this.nowMs, lastEndMs);
    this.#runs = this.#match === null ? [] : this.#runs.slice(-1);
    return words;
  }

  #note(match: Match): void {
    const { startFrame } = this.#library.recordings[match.recording]!;
    const run = this.#runs.at(-1);
    // The same match goes on as the same object's successor: recording and begin stay.
    const before = this.#match;
    const goesOn =
      run !== undefined &&
      before?.recording === match.recording &&
      before.sinceFrame === match.sinceFrame &&
      before.frame + 1 === match.frame;
    if (goesOn) {
      run.untilMs = this.nowMs;
      return;
    }
    const offsetFrames = this.#frames - 1 - match.frame;
    const fromMs = (match.sinceFrame + offsetFrames) * hopMs;
    const originMs = (startFrame + offsetFrames) * hopMs;
    const last = this.#runs.at(-1);
    if (last?.recording === match.recording && Math.abs(last.originMs - originMs) < sameRunMs) {
      // Lost for a moment, and found again.
      this.#runs[this.#runs.length - 1] = { ...last, untilMs: this.nowMs };
      return;
    }
    this.#runs = this.#runs.flatMap((old) => {
      old.untilMs = Math.min(old.untilMs, fromMs + overlapMs - endToleranceMs);
      return this.#wordsOf(old).length === 0 ? [] : [old];
    });
    this.#runs.push({ recording: match.recording, originMs, fromMs, untilMs: this.nowMs });
  }

  #wordsOf({ recording, originMs, fromMs, untilMs }: Run): readonly RecognisedWord[] {
    return this.#library.recordings[recording]!.words.flatMap(({ text, startMs, endMs }) => {
      const said =
        originMs + startMs >= fromMs - startToleranceMs &&
        originMs + endMs <= untilMs + endToleranceMs &&
        originMs + endMs > this.#stretchFromMs;
      if (!said) return [];
      return [{ text, startMs: originMs + startMs, endMs: originMs + endMs, confidence: null }];
    });
  }
}
