/**
 * Where a session of Flux stands: it counts the audio of all turns in one, ms, an interrupted turn
 * as far as it was heard, and wants every interruption to lie beyond the one before.
 */
export class SessionPositions {
  /** Where the turn that speaks began. */
  #turnMs = 0;
  #lastInterruptMs = 0;
  #hasSounded = false;

  get hasSounded(): boolean {
    return this.#hasSounded;
  }

  sounded(): void {
    this.#hasSounded = true;
  }

  turnDone(durationMs: number): void {
    this.#turnMs += durationMs;
  }

  /** @param playedMs as the server has it; `null` where it does not say */
  interrupted(playedMs: number | null): void {
    if (playedMs === null) return;
    this.#turnMs = playedMs;
    this.#lastInterruptMs = playedMs;
  }

  /** What to tell of a turn of which so much was heard, ms; `null` where nothing can be told. */
  interruptAt(heardMs: number | null): number | null {
    if (heardMs === null) return null;
    const offsetMs = Math.round(this.#turnMs + heardMs);
    return offsetMs > this.#lastInterruptMs ? offsetMs : null;
  }
}
