import type { Sounding } from '../echo/half-duplex.ts';

/** Stretches kept (a count): those of the last second or two. */
const stretchLimit = 8;
/** Pieces that follow one another within this are one stretch, ms. */
const seamMs = 20;

/** When the agent's sound was, or will be, in the caller's room. Call times, ms. */
export class SoundStretches {
  #stretches: { fromMs: number; untilMs: number }[] = [];

  get all(): readonly Sounding[] {
    return this.#stretches;
  }

  add(fromMs: number, durationMs: number): void {
    const last = this.#stretches.at(-1);
    if (last !== undefined && fromMs <= last.untilMs + seamMs) {
      last.untilMs = Math.max(last.untilMs, fromMs + durationMs);
      return;
    }
    this.#stretches.push({ fromMs, untilMs: fromMs + durationMs });
    if (this.#stretches.length > stretchLimit) this.#stretches.shift();
  }

  /** What was to sound from `atMs` on was thrown away. */
  cut(atMs: number): void {
    this.#stretches = this.#stretches.filter(({ fromMs }) => fromMs < atMs);
    const last = this.#stretches.at(-1);
    if (last !== undefined) last.untilMs = Math.min(last.untilMs, atMs);
  }
}
