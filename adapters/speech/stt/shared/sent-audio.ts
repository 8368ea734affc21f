/** Runs remembered (a count): a recogniser speaks of what it heard a moment ago. */
const runLimit = 64;

/** Audio in a row: where it began for the upstream, and where in the session. */
interface Run {
  readonly upstreamMs: number;
  readonly sessionMs: number;
  /** Silence that keeps the connection alive and has no place in the session. */
  readonly isFiller: boolean;
}

/** One connection counts the audio that it was sent; the session counts what was pushed. */
export class SentAudio {
  readonly #runs: Run[] = [];
  #sentMs = 0;

  /** Sent over this connection, ms. */
  get sentMs(): number {
    return this.#sentMs;
  }

  /** @param sessionMs where in the session it begins */
  sent(durationMs: number, sessionMs: number): void {
    const last = this.#runs.at(-1);
    const expectedMs = last === undefined ? NaN : last.sessionMs + this.#sentMs - last.upstreamMs;
    const goesOn = last?.isFiller === false && Math.abs(expectedMs - sessionMs) < 0.5;
    if (!goesOn) this.#begin({ upstreamMs: this.#sentMs, sessionMs, isFiller: false });
    this.#sentMs += durationMs;
  }

  filled(durationMs: number, sessionMs: number): void {
    this.#begin({ upstreamMs: this.#sentMs, sessionMs, isFiller: true });
    this.#sentMs += durationMs;
  }

  /** Where in the session a position of the upstream's is, ms. */
  at(upstreamMs: number): number {
    const run = this.#runs.findLast((one) => one.upstreamMs <= upstreamMs) ?? this.#runs[0];
    if (run === undefined) return 0;
    return run.isFiller ? run.sessionMs : Math.max(0, run.sessionMs + upstreamMs - run.upstreamMs);
  }

  #begin(run: Run): void {
    this.#runs.push(run);
    if (this.#runs.length > runLimit) this.#runs.shift();
  }
}
