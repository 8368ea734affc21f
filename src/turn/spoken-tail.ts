/** Pieces kept, a count: a text delta may be a single word. */
const pieceLimit = 200;

/** A piece of the agent's text and the call time at which it sounds, ms. */
interface SpokenPiece {
  readonly text: string;
  readonly atMs: number;
}

/** What the agent has said of late; see {@link isAgentsOwnText}. */
export class SpokenTail {
  readonly #windowMs: number;
  #pieces: SpokenPiece[] = [];

  /** @param windowMs how far back it reaches: about 6 s, and the transcriber's lag */
  constructor(windowMs = 8000) {
    this.#windowMs = windowMs;
  }

  /** @param atMs call time at which the text sounds; not before that of the piece before */
  add(text: string, atMs: number): void {
    this.#pieces.push({ text, atMs });
    if (this.#pieces.length > pieceLimit) this.#pieces = this.#pieces.slice(-pieceLimit / 2);
  }

  /** What was to sound from `atMs` on was cut. */
  cut(atMs: number): void {
    this.#pieces = this.#pieces.filter((piece) => piece.atMs < atMs);
  }

  /** All that began to sound between `windowMs` ago and `nowMs`. */
  textAt(nowMs: number): string {
    return this.#pieces
      .filter(({ atMs }) => atMs <= nowMs && atMs > nowMs - this.#windowMs)
      .map(({ text }) => text)
      .join('');
  }
}
