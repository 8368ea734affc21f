/** Counters of one model package since the process began. Times in ms. */
export class ModelFigures {
  /** Threads started; more than one means that some died. */
  starts = 0;
  refusedRows = 0;
  droppedSamples = 0;
  /** Of rows that are closed; those that are open still count for themselves. */
  silenceSamples = 0;
  #batches = 0;
  #frames = 0;
  #deadlineMisses = 0;
  #batchRowsLast = 0;
  #batchMsLast = 0;
  #batchMsMax = 0;
  #batchMsTotal = 0;
  #frameDelayMsLast = 0;
  #frameDelayMsMax = 0;

  /**
   * @param runMs time the graphs took
   * @param delayMs from the oldest of its frames being ready to the result
   * @param deadlineMs the package's frame length: later than this is a miss
   */
  batch(rows: number, runMs: number, delayMs: number, deadlineMs: number): void {
    this.#batches += 1;
    this.#frames += rows;
    if (delayMs > deadlineMs) this.#deadlineMisses += 1;
    this.#batchRowsLast = rows;
    this.#batchMsLast = runMs;
    this.#batchMsMax = Math.max(this.#batchMsMax, runMs);
    this.#batchMsTotal += runMs;
    this.#frameDelayMsLast = delayMs;
    this.#frameDelayMsMax = Math.max(this.#frameDelayMsMax, delayMs);
  }

  read(): Readonly<Record<string, number>> {
    return {
      starts: this.starts,
      refusedRows: this.refusedRows,
      droppedSamples: this.droppedSamples,
      batches: this.#batches,
      frames: this.#frames,
      deadlineMisses: this.#deadlineMisses,
      batchRowsLast: this.#batchRowsLast,
      batchMsLast: this.#batchMsLast,
      batchMsMax: this.#batchMsMax,
      batchMsTotal: this.#batchMsTotal,
      frameDelayMsLast: this.#frameDelayMsLast,
      frameDelayMsMax: this.#frameDelayMsMax,
    };
  }
}
