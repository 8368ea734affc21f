/** Without a frame of the track for so long, while it is sent audio, the upstream has stalled, ms. */
export const stalledMs = 5_000;
/** It is quiet so long after the agent's last sound, ms, and so long after the caller's. */
const pauseMs = 1_500;
const answerWithinMs = 3_000;

/** Signs of life of both sides: whether the upstream has stalled, and whether nobody speaks. */
export class Pulse {
  #lastFrameAtMs = 0;
  #quietFromMs = -Infinity;

  /** Another session runs: it is given time for its first frame. */
  restart(nowMs: number): void {
    this.#lastFrameAtMs = nowMs;
  }

  /** A frame of the upstream's track. @param sounds the agent is heard in it */
  agent(sounds: boolean, nowMs: number): void {
    this.#lastFrameAtMs = nowMs;
    if (sounds) this.#quietFromMs = nowMs + pauseMs;
  }

  /** The caller was heard, and is owed an answer. */
  caller(nowMs: number): void {
    this.#quietFromMs = Math.max(this.#quietFromMs, nowMs + answerWithinMs);
  }

  stalled(nowMs: number): boolean {
    return nowMs - this.#lastFrameAtMs > stalledMs;
  }

  /** A change of sessions would cut nothing. */
  quiet(nowMs: number): boolean {
    return nowMs > this.#quietFromMs;
  }
}
