import { samplesToMs } from '../audio/format.ts';
import type { CallScope } from './scope.ts';
import type { LineTrack } from './line-track.ts';
import type { Timer } from '../time/clock.ts';

/** How long after the clock's time the client may still say when it was, and say it better, ms. */
const acknowledgementWaitMs = 500;
/** Lines that may wait at once (a count); for older ones the clock's time counts at once. */
const waitingLimit = 16;

interface Waiting {
  readonly track: LineTrack;
  /** Place of the first audible sample on the line, ms. */
  readonly onsetMs: number;
  readonly givenAtMs: number;
  /** When it reaches the ear by the playout clock, call time. */
  readonly clockAtMs: number;
  /** When it was by the client's word. */
  toldAtMs: number | null;
  readonly timer: Timer;
}

/**
 * Logs when the first audible sample of each line reached the ear: as the client's acknowledgement
 * tells it, else by the playout clock; never when it was cut before.
 */
export class FirstHeard {
  readonly #scope: CallScope;
  readonly #roundTripMs: () => number;
  #waiting: Waiting[] = [];

  constructor(scope: CallScope, roundTripMs: () => number) {
    this.#scope = scope;
    this.#roundTripMs = roundTripMs;
  }

  /** The first audible sample of a line was given to the client. */
  given(track: LineTrack, onsetSample: number): void {
    const { clock, originMs, nowMs } = this.#scope;
    const clockAtMs = track.heardAtMs(onsetSample, this.#roundTripMs());
    if (clockAtMs === null) return;
    if (this.#waiting.length >= waitingLimit) this.#heard(this.#waiting[0]!);
    const timer = clock.timerAt(originMs + clockAtMs + acknowledgementWaitMs, () => {
      const due = this.#waiting.find((one) => one.track === track);
      if (due !== undefined) this.#heard(due);
    });
    const onsetMs = samplesToMs(onsetSample, track.format.rateHz);
    const toldAtMs = null;
    this.#waiting.push({ track, onsetMs, givenAtMs: nowMs(), clockAtMs, toldAtMs, timer });
  }

  /** The client's player has come further on this line. */
  acknowledged(track: LineTrack): void {
    const waiting = this.#waiting.find((one) => one.track === track);
    const playedMs = track.acknowledgedMs ?? 0;
    if (waiting === undefined || playedMs <= waiting.onsetMs) return;
    // It was played so long ago as what came after it took to play.
    const sinceMs = playedMs - waiting.onsetMs + this.#roundTripMs() / 2;
    const toldAtMs = Math.max(waiting.givenAtMs, this.#scope.nowMs() - sinceMs);
    // A word that comes late makes it too late; so does a player that ran dry in between.
    waiting.toldAtMs = Math.min(waiting.toldAtMs ?? Infinity, toldAtMs);
  }

  /** Nothing more is heard of what was given: what has not come to the ear by now never will. */
  cut(): void {
    const nowMs = this.#scope.nowMs();
    for (const waiting of [...this.#waiting]) {
      const { track, clockAtMs, toldAtMs } = waiting;
      const byClock = track.acknowledgedMs === null && clockAtMs <= nowMs;
      if (toldAtMs !== null || byClock) this.#heard(waiting);
      else waiting.timer.cancel();
    }
    this.#waiting = [];
  }

  #heard(waiting: Waiting): void {
    const { track, clockAtMs, toldAtMs, timer } = waiting;
    timer.cancel();
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    this.#scope.log.append({
      type: 'line.first_heard',
      lineId: track.line.lineId,
      heardAtMs: toldAtMs ?? clockAtMs,
      by: toldAtMs === null ? 'clock' : 'acknowledgement',
    });
  }
}
