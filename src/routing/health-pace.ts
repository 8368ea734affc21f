import type { BackendPace } from '../ports/health.ts';

/** Latest samples that count (a count), and for how long, ms. */
const sampleLimit = 128;
const sampleAgeMs = 15 * 60_000;
/** Fewer samples than this say nothing about the slowest in twenty (a count). */
const leastSamples = 20;
/** An answer is late beyond so many times the usual, and not before this, ms. */
const lateFactor = 2;
const leastLateMs = 1500;

interface Sample {
  readonly ms: number;
  readonly atMs: number;
}

/** How fast a backend has been of late, over all calls of a process. */
export class HealthPace implements BackendPace {
  readonly #firstAudio = new RecentSamples();
  readonly #dry = new RecentSamples();

  get firstAudioP95Ms(): number | null {
    return this.#firstAudio.p95Ms;
  }

  get dryP95Ms(): number | null {
    return this.#dry.p95Ms;
  }

  /** What was later than this was late, ms; `null` where too little is known. */
  get lateMs(): number | null {
    const { firstAudioP95Ms } = this;
    return firstAudioP95Ms === null ? null : Math.max(leastLateMs, lateFactor * firstAudioP95Ms);
  }

  /** @returns whether it was late, by what was known before */
  firstAudio(tookMs: number, nowMs: number): boolean {
    const { lateMs } = this;
    this.#firstAudio.push(tookMs, nowMs);
    return lateMs !== null && tookMs > lateMs;
  }

  dried(forMs: number, nowMs: number): void {
    this.#dry.push(forMs, nowMs);
  }
}

/** The latest samples of one thing; sorted when they are asked for after a change. */
class RecentSamples {
  readonly #samples: Sample[] = [];
  #p95Ms: number | null = null;
  #stale = false;

  get p95Ms(): number | null {
    if (this.#stale) {
      this.#stale = false;
      const sorted = this.#samples.map(({ ms }) => ms).sort((a, b) => a - b);
      const rank = Math.ceil(0.95 * sorted.length) - 1;
      this.#p95Ms = sorted.length < leastSamples ? null : (sorted[rank] ?? null);
    }
    return this.#p95Ms;
  }

  push(ms: number, nowMs: number): void {
    this.#samples.push({ ms, atMs: nowMs });
    const tooMany = this.#samples.length > sampleLimit;
    if (tooMany || nowMs - this.#samples[0]!.atMs > sampleAgeMs) this.#samples.shift();
    this.#stale = true;
  }
}
