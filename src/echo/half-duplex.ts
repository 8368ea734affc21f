/** When the agent's sound was, or will be, in the caller's room. Call times, ms. */
export interface Sounding {
  /** The first sample sounds. */
  readonly fromMs: number;
  /** The last one has sounded; `null` while more may come. */
  readonly untilMs: number | null;
}

export interface HalfDuplexOptions {
  /** How late the echo comes, ms; `null` = unknown. */
  readonly delayMs: number | null;
  /** Assumed where the delay is unknown, ms. Default 500. */
  readonly longestDelayMs?: number;
  /** How long the room and the caller's equipment go on sounding, ms. Default 200. */
  readonly tailMs?: number;
}

/**
 * The last rung of the ladder against echo: whether caller audio is not listened to because the
 * agent may be in it. For callers whose echo nothing else gets hold of; they cannot interrupt by
 * voice (keys and the client's own interrupt still do). The audio is kept and goes to a
 * backend as ever: only detection is deaf.
 *
 * @param frame call times at which the judged frame was spoken, ms
 * @param sounding the stretches in which the agent sounds, at least those of the last second
 */
export function halfDuplexDeaf(
  frame: { readonly fromMs: number; readonly untilMs: number },
  sounding: readonly Sounding[],
  { delayMs, longestDelayMs = 500, tailMs = 200 }: HalfDuplexOptions,
): boolean {
  const latestMs = (delayMs ?? longestDelayMs) + tailMs;
  return sounding.some(
    ({ fromMs, untilMs }) =>
      frame.untilMs > fromMs && (untilMs === null || frame.fromMs < untilMs + latestMs),
  );
}
