import { rateHz } from './audible.ts';
import { frameMs } from './paced-input.ts';

/** Frames whose place is remembered (a count): a minute. */
const frameLimit = 600;

/**
 * Where the upstream's timeline lies on ours: it counts the frames it was sent, silence among them, and
 * begins anew with every connection.
 */
export class Places {
  /** Uplink position after each of the latest frames. */
  readonly #after: number[] = [];
  #frames = 0;
  /** Output that came before this connection, samples. */
  #outputBase = 0;
  #output = 0;

  /** Position of the output so far, samples. */
  get outputSample(): number {
    return this.#output;
  }

  /** Another connection: its clock begins at 0. */
  restart(): void {
    this.#after.length = 0;
    this.#frames = 0;
    this.#outputBase = this.#output;
  }

  /** A frame was sent, which ends at this uplink position. */
  sent(toSample: number): void {
    this.#frames += 1;
    this.#after.push(toSample);
    if (this.#after.length > frameLimit) this.#after.shift();
  }

  /** Output came. @returns where it begins */
  came(samples: number): number {
    const from = this.#output;
    this.#output += samples;
    return from;
  }

  /** Uplink position of a time of the upstream's. */
  uplinkSample(upstreamMs: number): number {
    const frame = upstreamMs / frameMs;
    const first = this.#frames - this.#after.length;
    const index = Math.floor(frame) - first;
    if (this.#after.length === 0) return 0;
    const after = this.#after[Math.min(Math.max(index, 0), this.#after.length - 1)] ?? 0;
    const rest = (1 - (frame - Math.floor(frame))) * frameMs;
    return Math.max(0, Math.round(after - (rest * rateHz) / 1000));
  }

  /** Position on the output of a time of the upstream's. */
  outputAt(upstreamMs: number): number {
    return this.#outputBase + Math.round((upstreamMs * rateHz) / 1000);
  }
}
