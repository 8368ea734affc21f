/** What the calls of a process know of a backend together, and tell each other by it. */
export interface BackendHealth {
  /** Whether a call that has a choice goes there. */
  readonly trusted: boolean;
  readonly pace: BackendPace;
  /** An answer that was asked for became audio after this long, ms. */
  firstAudio(tookMs: number): void;
  /** The caller's player ran dry in the middle of an answer, and the audio came again after this, ms. */
  dried(forMs: number): void;
  /** A frame was later than the model has for it. */
  missedDeadline(): void;
}

/** How a backend has been of late; `null` where too little is known. */
export interface BackendPace {
  /** What 95 % of its latest first audios did not exceed, ms. */
  readonly firstAudioP95Ms: number | null;
  /** What 95 % of its latest pauses that ran the player dry did not exceed, ms. */
  readonly dryP95Ms: number | null;
}

export const unknownPace: BackendPace = { firstAudioP95Ms: null, dryP95Ms: null };
