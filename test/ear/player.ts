import { Track } from './track.ts';

/** How the caller's side plays. */
export interface PlayerOptions {
  readonly rateHz: number;
  /** Audio is held back so long when the player has run dry, ms. */
  readonly bufferMs: number;
  /** How much faster than true time the player's sample clock runs, parts per million. */
  readonly driftPpm: number;
  /** True time of the recording's first sample, ms. */
  readonly startMs: number;
}

interface Segment {
  readonly itemId: string;
  readonly startSample: number;
  endSample: number;
}

/**
 * A playout buffer in real time, computed from arrival times alone: audio that finds the player
 * dry starts `bufferMs` later, what follows plays without a seam, and what comes too late leaves
 * silence behind. What was played is the recording.
 */
export class Player {
  readonly options: PlayerOptions;
  readonly #track = new Track();
  readonly #segments: Segment[] = [];
  #endSample = 0;
  #underruns = 0;
  #underrunSamples = 0;

  constructor(options: PlayerOptions) {
    this.options = options;
  }

  /** How often an item's audio came too late to play on without a seam, and for how long, ms. */
  get underruns(): { readonly count: number; readonly totalMs: number } {
    return {
      count: this.#underruns,
      totalMs: (this.#underrunSamples * 1000) / this.options.rateHz,
    };
  }

  /** True time at which everything that has arrived will have been played, ms. */
  get endsAtMs(): number {
    return this.timeOf(this.#endSample);
  }

  /** Position of the player's clock at a true time, samples. */
  positionAt(atMs: number): number {
    const { rateHz, driftPpm, startMs } = this.options;
    return Math.round(((atMs - startMs) / 1000) * rateHz * (1 + driftPpm / 1e6));
  }

  /** True time at which a sample of the recording is played, ms. */
  timeOf(sample: number): number {
    const { rateHz, driftPpm, startMs } = this.options;
    return startMs + (sample / (rateHz * (1 + driftPpm / 1e6))) * 1000;
  }

  isPlaying(atMs: number): boolean {
    return this.positionAt(atMs) < this.#endSample;
  }

  push(itemId: string, samples: Float32Array, atMs: number): void {
    const now = this.positionAt(atMs);
    const last = this.#segments.at(-1);
    let startSample = this.#endSample;
    if (startSample <= now) {
      startSample = now + Math.round((this.options.bufferMs * this.options.rateHz) / 1000);
      if (last?.itemId === itemId) {
        this.#underruns += 1;
        this.#underrunSamples += startSample - this.#endSample;
      }
    }
    this.#track.write(startSample, samples);
    this.#endSample = startSample + samples.length;
    if (last?.itemId === itemId && last.endSample === startSample) last.endSample = this.#endSample;
    else this.#segments.push({ itemId, startSample, endSample: this.#endSample });
  }

  /** Stops at once and forgets what was not played. */
  stop(atMs: number): void {
    const now = this.positionAt(atMs);
    if (now >= this.#endSample) return;
    this.#track.clearFrom(now);
    this.#endSample = now;
    while (this.#segments.at(-1) !== undefined && this.#segments.at(-1)!.startSample >= now) {
      this.#segments.pop();
    }
    const last = this.#segments.at(-1);
    if (last !== undefined) last.endSample = Math.min(last.endSample, now);
  }

  /** How much of the item has been played, ms. */
  playedMs(itemId: string, atMs: number): number {
    const now = this.positionAt(atMs);
    let samples = 0;
    for (const segment of this.#segments) {
      if (segment.itemId !== itemId) continue;
      samples += Math.max(0, Math.min(now, segment.endSample) - segment.startSample);
    }
    return (samples * 1000) / this.options.rateHz;
  }

  /** Item that is being played, or whose last sample was played last; `null` before the first. */
  currentItem(atMs: number): string | null {
    const now = this.positionAt(atMs);
    return this.#segments.findLast((segment) => segment.startSample <= now)?.itemId ?? null;
  }

  /** What was heard until `untilMs`, silence included. */
  recording(untilMs: number): Float32Array {
    return this.#track.toSamples(Math.max(0, this.positionAt(untilMs)));
  }
}
