import type { LineTrack } from './line-track.ts';
import type { PlayoutClock } from './playout.ts';

/** Lines whose end may still be playing at once (a count); older ones are settled by the clock. */
const soundingLimit = 16;
/** How long acknowledgements may lag behind the clock before the clock is believed, ms. */
const acknowledgementGraceMs = 2000;
/** How much of a line's end may stay unacknowledged when it counts as played, ms. */
const toleranceMs = 20;

/** Lines given away and not yet heard out, oldest first. */
export class SoundingLines {
  readonly #playout: PlayoutClock;
  readonly #roundTripMs: () => number;
  #lines: LineTrack[] = [];

  constructor(playout: PlayoutClock, roundTripMs: () => number) {
    this.#playout = playout;
    this.#roundTripMs = roundTripMs;
  }

  /** The line given away last. */
  get last(): LineTrack | null {
    return this.#lines.at(-1) ?? null;
  }

  /** Audio of the line was given away. */
  add(track: LineTrack, nowMs: number): void {
    if (this.last === track) return;
    this.#lines.push(track);
    if (this.#lines.length > soundingLimit) this.#lines.shift()!.settle(nowMs, this.#roundTripMs());
  }

  /**
   * Call time at which all of them count as heard; `null` while the last one is not over: it only
   * waits for more then.
   */
  get heardOutAtMs(): number | null {
    const { last } = this;
    if (last?.closed !== true) return null;
    const byClockMs = this.#playout.heardOutAtMs(this.#roundTripMs());
    if (last.acknowledgedMs === null) return byClockMs;
    return last.acknowledgedMs >= last.sentMs - toleranceMs
      ? 0
      : byClockMs + acknowledgementGraceMs;
  }

  /** That time has come. @returns the lines */
  heardOut(): readonly LineTrack[] {
    for (const track of this.#lines) track.heardOut();
    return this.#clear();
  }

  /** The client plays no more of them. @returns the lines that it had not played to their end */
  cut(nowMs: number): readonly LineTrack[] {
    const roundTripMs = this.#roundTripMs();
    for (const track of this.#lines) track.cut(nowMs, roundTripMs);
    return this.#clear().filter((track) => track.heardMs(nowMs, roundTripMs) < track.sentMs);
  }

  #clear(): readonly LineTrack[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }
}
