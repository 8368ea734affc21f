/** How likely it is that the caller has finished, judged from the sound alone. */
export interface EndOfTurnScore {
  /**
   * Probability 0–1 that the turn is over, calibrated: 0.5 means that ends and pauses of equal
   * number would score like this equally often. Thresholds apply to this one.
   */
  readonly probability: number;
  /** The detector's own output 0–1, before calibration: for records, so that it can be refitted. */
  readonly raw: number;
  /** Position of the stream when it was asked (at the detector's rate, from its opening). */
  readonly askedAtSample: number;
}

/** One call's place in an end-of-turn detector. Audio in; a score out only where one was asked. */
export interface EndOfTurnStream {
  /**
   * @param pcm mono samples −1…1 at the detector's rate, any length; handed over
   */
  push(pcm: Float32Array): void;
  /**
   * Asks for the turn that began at `fromSample`, with all audio pushed so far. At most one score
   * comes for it, scores come in the order of the asking, and none may come at all: when a newer
   * ask of this stream overtakes it, when it takes too long, when there is nothing to score.
   * Whoever asks must have a rule for that (silence) and never waits for it.
   * @param fromSample position on the stream, counted like `askedAtSample`
   */
  ask(fromSample: number): void;
  /** Forgets the audio and what was asked; positions run on. */
  reset(): void;
  /** Idempotent. */
  close(): void;
}

/** Judges ends of turns of many calls, off the main thread. */
export interface EndOfTurnPort {
  readonly name: string;
  readonly rateHz: number;
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * `onScore` is called on the main thread and must not throw; `onFail` once, when the detector is
   * gone for good.
   */
  open(onScore: (score: EndOfTurnScore) => void, onFail: (error: Error) => void): EndOfTurnStream;
  /** Figures for `/metrics`: asks, answers, what was dropped and why, time per answer. */
  figures(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
