/** A piece of what an agent says. */
export interface Piece {
  readonly itemId: string;
  readonly samples: Float32Array;
}

/** Where the player is. */
export interface Position {
  readonly itemId: string;
  /** Samples of the item that have left the player. */
  readonly playedSamples: number;
  /** Whether nothing more is there to be played. */
  readonly dry: boolean;
}

export interface PlayoutOptions {
  /** Samples gathered before playing begins, or begins again. */
  readonly startSamples: number;
  /** Longest wait for that many, in samples of silence. */
  readonly waitSamples: number;
  /** Most samples held; what comes then is refused and counted. */
  readonly limitSamples: number;
}

/** Plays pieces one right after another, and knows how much of which item has been played. */
export class Playout {
  readonly #options: PlayoutOptions;
  #queue: Piece[] = [];
  #offset = 0;
  #held = 0;
  #waited = 0;
  #playing = false;
  #refused = 0;
  #ranDry = 0;
  #current: Position | null = null;
  /** Items that were left behind since the positions were last asked for. */
  #passed: Position[] = [];

  constructor(options: PlayoutOptions) {
    this.#options = options;
  }

  /** Where it is in each item that it was in since it was last asked; the newest comes last. */
  takePositions(): readonly Position[] {
    const passed = this.#passed;
    this.#passed = [];
    return this.#current === null ? passed : [...passed, this.#current];
  }

  /** Samples that are waiting to be played. */
  get heldSamples(): number {
    return this.#held;
  }

  /** Samples refused because too many were held. */
  get refusedSamples(): number {
    return this.#refused;
  }

  /** How often the player had nothing to play in the middle of things. */
  get ranDry(): number {
    return this.#ranDry;
  }

  push(piece: Piece): void {
    if (this.#held + piece.samples.length > this.#options.limitSamples) {
      this.#refused += piece.samples.length;
      return;
    }
    this.#queue.push(piece);
    this.#held += piece.samples.length;
  }

  /** Forgets everything that has not been played. */
  clear(): void {
    this.#queue = [];
    this.#offset = 0;
    this.#held = 0;
    this.#playing = false;
    this.#waited = 0;
    if (this.#current !== null) this.#current = { ...this.#current, dry: true };
  }

  /** Fills `output` with what is next, silence where there is nothing. */
  pull(output: Float32Array): void {
    output.fill(0);
    if (!this.#ready(output.length)) return;
    let filled = 0;
    while (filled < output.length) {
      const piece = this.#queue[0];
      if (piece === undefined) break;
      const count = Math.min(piece.samples.length - this.#offset, output.length - filled);
      output.set(piece.samples.subarray(this.#offset, this.#offset + count), filled);
      filled += count;
      this.#advance(piece, count);
    }
    if (this.#queue.length === 0) {
      this.#playing = false;
      this.#ranDry += 1;
    }
  }

  #ready(length: number): boolean {
    if (this.#playing) return true;
    if (this.#queue.length === 0) return false;
    this.#waited += length;
    const { startSamples, waitSamples } = this.#options;
    this.#playing = this.#held >= startSamples || this.#waited >= waitSamples;
    if (this.#playing) this.#waited = 0;
    return this.#playing;
  }

  #advance(piece: Piece, count: number): void {
    this.#offset += count;
    this.#held -= count;
    const before = this.#current;
    const same = before?.itemId === piece.itemId;
    if (before !== null && !same) this.#passed.push({ ...before, dry: true });
    const played = same ? before.playedSamples : 0;
    if (this.#offset >= piece.samples.length) {
      this.#queue.shift();
      this.#offset = 0;
    }
    const dry = this.#queue.length === 0;
    this.#current = { itemId: piece.itemId, playedSamples: played + count, dry };
  }
}
