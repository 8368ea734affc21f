import type { WordTime } from '../../../src/ports/conversation.ts';
import { WordTimes, type TimedPiece } from './word-times.ts';

/** A clause on its way to the voice. */
export interface PlannedPiece extends TimedPiece {
  readonly pieceId: number;
}

/** Text of a line, as it goes out with its sound. */
export interface LineText {
  readonly delta: string;
  readonly words: readonly WordTime[] | null;
}

interface Entry {
  readonly piece: PlannedPiece;
  readonly times: WordTimes;
  /** All of its audio has come. */
  endMs: number | null;
}

/**
 * When which written text goes out beside the audio of an answer: with the times of its words where
 * the voice tells them, else right before the first audio of its clause. Order is kept and nothing is
 * lost. Times are ms from the answer's first sample.
 */
export class SpeechPlan {
  readonly #timed: boolean;
  /** Pieces with text that has not gone out, in order. */
  readonly #open: Entry[] = [];
  /** Where on the audio the text that went out ends. */
  #lastMs = 0;

  /** @param timed the voice tells when its words are said */
  constructor(timed: boolean) {
    this.#timed = timed;
  }

  /** In the order in which they are said. */
  add(piece: PlannedPiece): void {
    this.#open.push({ piece, times: new WordTimes(piece), endMs: null });
  }

  /**
   * Audio is about to go out.
   * @param pieceId the piece it is of, `null` where the voice does not say: then all that it was given
   * @param atMs length of the audio before it
   */
  audio(pieceId: number | null, atMs: number): readonly LineText[] {
    if (pieceId === null) {
      return this.#timed ? [] : this.#finish(Infinity, atMs);
    }
    // The clauses before it are over.
    const before = this.#finish(pieceId - 1, atMs);
    if (this.#timed) return before;
    return [...before, ...this.#finish(pieceId, atMs)];
  }

  /** @param words spoken ones, in order; a voice that tells none is not believed to tell some */
  words(words: readonly WordTime[], pieceId: number | null): readonly LineText[] {
    if (!this.#timed) return [];
    const texts = pieceId === null ? [] : this.#finish(pieceId - 1, words[0]?.startMs ?? null);
    for (const word of words) {
      let entry = this.#open[0];
      if (pieceId === null) {
        while (entry?.times.complete === true && this.#open.length > 1) {
          texts.push(...this.#finish(entry.piece.pieceId, word.startMs));
          entry = this.#open[0];
        }
      }
      entry?.times.take(word);
    }
    const ready = this.#open[0]?.times.ready(this.#lastMs);
    if (ready !== undefined && ready !== null) texts.push(this.#given(ready));
    return texts;
  }

  /** All audio of a piece has come. @param atMs length of the audio with it */
  pieceDone(pieceId: number, atMs: number): void {
    for (const entry of this.#open) {
      if (entry.piece.pieceId === pieceId) entry.endMs = atMs;
    }
  }

  /** Everything has been said. */
  end(atMs: number): readonly LineText[] {
    return this.#finish(Infinity, atMs);
  }

  /** Lets out what is left of the pieces up to one. @param toMs where their audio ends at the latest */
  #finish(upTo: number, toMs: number | null): LineText[] {
    const texts: LineText[] = [];
    for (;;) {
      const [entry] = this.#open;
      if (entry === undefined || entry.piece.pieceId > upTo) return texts;
      this.#open.shift();
      const { times, piece } = entry;
      if (!this.#timed) texts.push({ delta: piece.written, words: null });
      else {
        const rest = times.finish(this.#lastMs, entry.endMs ?? toMs);
        if (rest !== null) texts.push(this.#given({ ...rest }));
      }
      this.#lastMs = Math.max(this.#lastMs, times.endMs);
    }
  }

  #given(text: LineText): LineText {
    this.#lastMs = Math.max(this.#lastMs, text.words?.at(-1)?.endMs ?? 0);
    return text;
  }
}
