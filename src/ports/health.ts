/** What the calls of a process know of a backend together, and tell each other by it. */
export interface BackendHealth {
  /** Whether a call that has a choice goes there. */
  readonly trusted: boolean;
  /** It is on the way to losing that: half of what that takes has happened of late. */
  readonly warned: boolean;
  readonly pace: BackendPace;
  readonly speech: BackendSpeech;
  readonly openings: OpeningGate;
  readonly warm: WarmGate;
  /** An answer that was asked for became audio after this long, ms. */
  firstAudio(tookMs: number): void;
  /** Another backend answered instead of it, this long after it had been asked, ms. */
  overtaken(afterMs: number): void;
  /** The caller's player ran dry in the middle of an answer, and the audio came again after this, ms. */
  dried(forMs: number): void;
  /** A frame was later than the model has for it, or audio fell behind real time. */
  missedDeadline(): void;
}

/** How a backend has been of late; `null` where too little is known. */
export interface BackendPace {
  /** What 90 % of its latest first audios did not exceed, ms. */
  readonly firstAudioP90Ms: number | null;
  /** What 95 % of its latest first audios did not exceed, ms. */
  readonly firstAudioP95Ms: number | null;
  /** What 95 % of its latest pauses that ran the player dry did not exceed, ms. */
  readonly dryP95Ms: number | null;
}

/** What answers that were said to their end tell of how a backend's words lie on its sound. */
export interface BackendSpeech {
  /** `null` where too little has been said. */
  readonly figures: SpeechFigures | null;
  said(answer: SaidAnswer): void;
}

export interface SpeechFigures {
  /** Blanks count too, and so do pauses. */
  readonly msPerCharacter: number;
  readonly msPerWord: number;
  /**
   * How long after the sound that it ends with a piece of text usually comes, ms of sound; negative
   * where it comes first. `null`: that is not known.
   */
  readonly lagMs: readonly [least: number, most: number] | null;
}

export interface SaidAnswer {
  /** A count each. */
  readonly characters: number;
  readonly words: number;
  readonly audioMs: number;
  /** Of the pieces that its text came in; empty where the backend says where words lie. */
  readonly lagsMs: readonly number[];
}

/** How fast calls may open sessions with a backend, beside the first session of each. */
export interface OpeningGate {
  /** Whether one could be opened without waiting. */
  readonly free: boolean;
  /** For what can be left undone. @returns whether a session may be opened now */
  tryTake(): boolean;
  /**
   * For what has to be done. `null`: it may be opened now. Rejects with `CallError`
   * `backend_overloaded` where too many wait, or with the signal's reason.
   */
  take(signal: AbortSignal): Promise<void> | null;
}

/** How many sessions may stand by at a backend. */
export interface WarmGate {
  /** @returns gives the place back (idempotent); `null`: there is none */
  hold(): (() => void) | null;
  /** A session that stood by is in use now. */
  adopted(): void;
}

export const unknownPace: BackendPace = {
  firstAudioP90Ms: null,
  firstAudioP95Ms: null,
  dryP95Ms: null,
};
