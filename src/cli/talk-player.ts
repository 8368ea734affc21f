import { msToSamples, samplesToMs } from '../audio/format.ts';

/** A stretch of one item's audio on the playout timeline, in samples. */
interface Stretch {
  readonly itemId: string;
  readonly startSample: number;
  endSample: number;
}

/** Audio in the order in which it is played. */
interface Piece {
  readonly startSample: number;
  samples: Float32Array;
}

export interface TalkPlayerOptions {
  readonly rateHz: number;
  /** Audio that finds the player dry waits so long before it plays, ms. */
  readonly bufferMs: number;
  /** Longest recording, ms. What lies past it is counted and not kept. */
  readonly limitMs: number;
}

/**
 * A player in real time without a sound card: when each sample is played follows from when its
 * packet came. Sample 0 is call time 0. A packet that finds the player dry starts `bufferMs`
 * later, all others follow without a seam.
 */
export class TalkPlayer {
  readonly #options: TalkPlayerOptions;
  readonly #pieces: Piece[] = [];
  readonly #stretches: Stretch[] = [];
  #endSample = 0;
  #refusedSamples = 0;

  constructor(options: TalkPlayerOptions) {
    this.#options = options;
  }

  get bufferMs(): number {
    return this.#options.bufferMs;
  }

  /** Samples past the limit, played but not recorded. */
  get refusedSamples(): number {
    return this.#refusedSamples;
  }

  /** Call time at which everything that came will have been played, ms. */
  get endsAtMs(): number {
    return samplesToMs(this.#endSample, this.#options.rateHz);
  }

  isPlaying(atMs: number): boolean {
    return atMs < this.endsAtMs;
  }

  /** Takes a packet; gives the call time at which its first sample is played, ms. */
  push(itemId: string, samples: Float32Array, atMs: number): number {
    const { rateHz, bufferMs, limitMs } = this.#options;
    const now = msToSamples(atMs, rateHz);
    const startSample =
      this.#endSample > now ? this.#endSample : now + msToSamples(bufferMs, rateHz);
    this.#endSample = startSample + samples.length;
    const room = Math.max(0, msToSamples(limitMs, rateHz) - startSample);
    this.#refusedSamples += Math.max(0, samples.length - room);
    if (room > 0) this.#pieces.push({ startSample, samples: samples.subarray(0, room) });
    const last = this.#stretches.at(-1);
    if (last?.itemId === itemId && last.endSample === startSample) last.endSample = this.#endSample;
    else this.#stretches.push({ itemId, startSample, endSample: this.#endSample });
    return samplesToMs(startSample, rateHz);
  }

  /** Silence from now on: what has not been played never will be. */
  stop(atMs: number): void {
    const now = msToSamples(atMs, this.#options.rateHz);
    if (now >= this.#endSample) return;
    this.#endSample = now;
    while ((this.#pieces.at(-1)?.startSample ?? -1) >= now) this.#pieces.pop();
    while ((this.#stretches.at(-1)?.startSample ?? -1) >= now) this.#stretches.pop();
    const piece = this.#pieces.at(-1);
    if (piece !== undefined) piece.samples = piece.samples.subarray(0, now - piece.startSample);
    const stretch = this.#stretches.at(-1);
    if (stretch !== undefined) stretch.endSample = Math.min(stretch.endSample, now);
  }

  /** Item that plays now; `null` in silence. */
  playing(atMs: number): string | null {
    const now = msToSamples(atMs, this.#options.rateHz);
    const isNow = ({ startSample, endSample }: Stretch): boolean =>
      startSample <= now && now < endSample;
    return this.#stretches.findLast(isNow)?.itemId ?? null;
  }

  /** How much of an item has been played, ms. */
  playedMs(itemId: string, atMs: number): number {
    const now = msToSamples(atMs, this.#options.rateHz);
    let samples = 0;
    for (const stretch of this.#stretches) {
      if (stretch.itemId !== itemId) continue;
      samples += Math.max(0, Math.min(now, stretch.endSample) - stretch.startSample);
    }
    return samplesToMs(samples, this.#options.rateHz);
  }

  /** What was played from call time 0 to `untilMs`, silence included. */
  recording(untilMs: number): Float32Array {
    const samples = new Float32Array(msToSamples(untilMs, this.#options.rateHz));
    for (const piece of this.#pieces) {
      const room = Math.max(0, samples.length - piece.startSample);
      samples.set(piece.samples.subarray(0, room), Math.min(piece.startSample, samples.length));
    }
    return samples;
  }
}
