/** One call's place in a detector. Audio in, speech probabilities out, in order. */
export interface DetectorStream {
  /**
   * @param pcm mono samples −1…1 at the detector's rate, any length; handed over
   */
  push(pcm: Float32Array): void;
  /** Forgets what it heard; frames in flight are not reported any more. */
  reset(): void;
  /** Idempotent. */
  close(): void;
}

export interface DetectorScore {
  /** Speech probability 0–1 of the frame ending at `endSample` (at the detector's rate, from 0). */
  readonly probability: number;
  readonly endSample: number;
}

/** Scores frames of many calls in batches, off the main thread. */
export interface DetectorPort {
  readonly name: string;
  readonly rateHz: number;
  /** Samples a score covers. */
  readonly frameSamples: number;
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * `onScore` is called on the main thread and must not throw; `onFail` once, when the detector is
   * gone for good.
   */
  open(onScore: (score: DetectorScore) => void, onFail: (error: Error) => void): DetectorStream;
  /** Figures for `/metrics`: queue depth, batch sizes, time per batch. */
  figures(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
