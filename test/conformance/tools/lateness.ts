/** How often it is looked, ms. */
const everyMs = 20;
/** Stretches kept (a count); older ones are forgotten. */
const keptLimit = 10_000;

/**
 * When this process, which holds caller, gateway and servers, was not run by a busy machine. What
 * was measured meanwhile says nothing about any of them.
 */
export class Lateness {
  readonly #stretches: { readonly fromMs: number; readonly toMs: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /** How long it stood still between two moments of `performance.now`, ms. */
  stoodStillMs(fromMs: number, untilMs: number): number {
    return this.#stretches.reduce((sumMs, stretch) => {
      const withinMs = Math.min(untilMs, stretch.toMs) - Math.max(fromMs, stretch.fromMs);
      return sumMs + Math.max(0, withinMs);
    }, 0);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    const dueMs = this.#lastMs + everyMs;
    this.#lastMs = nowMs;
    // A few ms are the timer's own.
    if (nowMs - dueMs < everyMs) return;
    this.#stretches.push({ fromMs: dueMs, toMs: nowMs });
    if (this.#stretches.length > keptLimit) this.#stretches.shift();
  }
}
