import type { WordTime } from '../../../../src/ports/conversation.ts';

/** Words of one piece. */
export interface PieceWords {
  readonly pieceId: number | null;
  readonly words: readonly WordTime[];
}

/** Which piece a spoken word belongs to, by counting: voices tell the words of the text in order. */
export class WordBook {
  readonly #pieces: { readonly pieceId: number; wordsLeft: number }[] = [];

  add(pieceId: number, text: string): void {
    const wordsLeft = text.split(/\s+/).filter((word) => word !== '').length;
    if (wordsLeft > 0) this.#pieces.push({ pieceId, wordsLeft });
  }

  /** The words by piece, in order; words beyond the text belong to none. */
  take(words: readonly WordTime[]): readonly PieceWords[] {
    const taken: PieceWords[] = [];
    let from = 0;
    while (from < words.length) {
      const piece = this.#pieces[0];
      const count = Math.min(words.length - from, piece?.wordsLeft ?? Infinity);
      taken.push({ pieceId: piece?.pieceId ?? null, words: words.slice(from, from + count) });
      from += count;
      if (piece === undefined) continue;
      piece.wordsLeft -= count;
      if (piece.wordsLeft === 0) this.#pieces.shift();
    }
    return taken;
  }
}
