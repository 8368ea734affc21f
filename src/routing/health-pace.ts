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

  get firstAudioP90Ms(): number | null {
    return this.#firstAudio.p90Ms;
  }

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
  /** Smallest first; `null`: to be sorted anew. */
  #sorted: readonly number[] | null = [];

  get p90Ms(): number | null {
    return this.#quantile(0.9);
  }

  get p95Ms(): number | null {
    return this.#quantile(0.95);
  }

  push(ms: number, nowMs: number): void {
    this.#samples.push({ ms, atMs: nowMs });
    const tooMany = this.#samples.length > sampleLimit;
    if (tooMany || nowMs - this.#samples[0]!.atMs > sampleAgeMs) this.#samples.shift();
    this.#sorted = null;
  }

  #quantile(share: number): number | null {
    this.#sorted ??= this.#samples.map(({ ms }) => ms).sort((a, b) => a - b);
    const sorted = this.#sorted;
    if (sorted.length < leastSamples) return null;
    return sorted[Math.ceil(share * sorted.length) - 1] ?? null;
  }
}
