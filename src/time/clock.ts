/** A pending timer; `cancel` is idempotent and safe after it fired. */
export interface Timer {
  cancel(): void;
}

/**
 * Monotonic time in milliseconds. Everything that measures or waits takes one of these, so that
 * tests and replays own time. The wall clock appears only in `epochMs`, for people's eyes.
 */
export interface Clock {
  /** Monotonic milliseconds, fractional, origin unspecified. */
  nowMs(): number;
  /** Wall-clock milliseconds since 1970, for logs and `expires_at` fields. Never for latencies. */
  epochMs(): number;
  /** Calls `callback` once at monotonic time `atMs` (or as soon as possible after it). */
  timerAt(atMs: number, callback: () => void): Timer;
}

/** Longest delay that `setTimeout` takes, ms; it turns a longer one into none. */
const longestDelayMs = 2 ** 31 - 1;

/** The process's own clock. Timers do not keep the process alive by themselves. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  timerAt(atMs, callback) {
    let handle: NodeJS.Timeout;
    // Node cuts the delay to whole milliseconds, and so fires up to one too early: look again.
    const wait = (): void => {
      const delayMs = Math.min(Math.max(0, Math.ceil(atMs - performance.now())), longestDelayMs);
      handle = setTimeout(() => {
        if (performance.now() < atMs) wait();
        else callback();
      }, delayMs);
      handle.unref();
    };
    wait();
    return { cancel: () => clearTimeout(handle) };
  },
};
