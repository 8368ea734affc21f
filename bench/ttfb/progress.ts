/** How far a run is. */
export interface Progress {
  /** Turns that calls were made for, whatever came of them, and all that are wanted. */
  readonly done: number;
  readonly wanted: number;
  /** Calls that ended before all their turns. */
  readonly failed: number;
  /** Of `done`, those of this sitting, and how long they took, ms. */
  readonly doneNow: number;
  readonly tookMs: number;
}

/** Shortest time between two lines of progress, ms. */
const everyMs = 15_000;

/** A run's progress in one line. */
export function progressText({ done, wanted, failed, doneNow, tookMs }: Progress): string {
  const percent = wanted === 0 ? 100 : Math.floor((100 * done) / wanted);
  const failures = failed === 0 ? '' : `, ${failed} calls failed`;
  const leftMs = doneNow === 0 ? null : ((wanted - done) * tookMs) / doneNow;
  const left = leftMs === null || done >= wanted ? '' : `, some ${lengthText(leftMs)} left`;
  return `${done} of ${wanted} turns (${percent} %)${failures}${left}`;
}

/** Tells how far it is, now and then. */
export class ProgressTeller {
  readonly #tell: (line: string) => void;
  #lastMs: number;

  constructor(tell: (line: string) => void, nowMs: number) {
    this.#tell = tell;
    this.#lastMs = nowMs;
  }

  /** To be called at every change. */
  at(progress: Progress, nowMs: number): void {
    if (nowMs - this.#lastMs < everyMs && progress.done < progress.wanted) return;
    this.#lastMs = nowMs;
    this.#tell(progressText(progress));
  }
}

/** A rough length: seconds up to two minutes, minutes up to two hours, then hours. */
export function lengthText(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
