/** One call's place in an echo canceller. Times are call times, ms. */
export interface EchoCancellerStream {
  /**
   * What was sent to the client.
   *
   * @param pcm mono samples −1…1 at the canceller's rate; not kept
   * @param playsAtMs when a player without delay sounds its first sample
   */
  reference(pcm: Float32Array, playsAtMs: number): void;
  /**
   * What the caller's microphone heard; comes back through `onClean`.
   *
   * @param pcm mono samples −1…1 at the canceller's rate; not kept
   * @param atMs call time of its first sample
   */
  capture(pcm: Float32Array, atMs: number): void;
  /** How late the echo comes, as far as that is known: shifts the reference where it has to. */
  align(delayMs: number): void;
  /** Idempotent. Nothing is reported any more. */
  close(): void;
}

export interface EchoCancellerHandlers {
  /**
   * Captured audio without the echo: every sample once, in order, a little later. Called on the
   * main thread; must not throw.
   */
  onClean(pcm: Float32Array): void;
  /** The canceller is gone or cannot keep up; the stream is closed. Called at most once. */
  onFail(error: Error): void;
}

/**
 * Takes the agent's voice out of the caller's audio. What it gives is for detecting speech alone:
 * in double talk it takes something of the caller's voice too, so backends never get it.
 */
export interface EchoCancellerPort {
  readonly name: string;
  readonly rateHz: number;
  prepare(signal: AbortSignal): Promise<void>;
  /** @throws CallError `detector_failed` when it is not prepared, lost or full */
  open(handlers: EchoCancellerHandlers): EchoCancellerStream;
  /** Figures for `/metrics`. */
  figures(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
