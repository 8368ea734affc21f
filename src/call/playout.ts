import { msToSamples, samplesToMs } from '../audio/format.ts';

/** What a client's player needs to hold before it sounds, beyond the network: an assumption. */
const playerDelayMs = 60;

/** One stretch that plays without a gap. */
interface Run {
  readonly startSample: number;
  readonly startAtMs: number;
}

/**
 * Where the caller's ear is on the downlink, as far as it can be known without being told: sent
 * audio plays in real time from the moment it was sent, and after an underrun from the moment
 * sending went on. Positions are downlink samples sent, in order, at the client's rate.
 */
export class PlayoutClock {
  #rateHz: number;
  #runs: Run[] = [];
  #sentSample = 0;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  get rateHz(): number {
    return this.#rateHz;
  }

  /**
   * Goes on at another rate: nothing has been sent yet whose position could change.
   *
   * @throws TypeError for another rate once anything was sent
   */
  retune(rateHz: number): void {
    if (rateHz === this.#rateHz) return;
    if (this.#sentSample > 0) throw new TypeError('a downlink in use keeps its rate');
    this.#rateHz = rateHz;
  }

  /** Samples given to the client so far. */
  get sentSample(): number {
    return this.#sentSample;
  }

  sent(samples: number, nowMs: number): void {
    if (this.pacedSample(nowMs) >= this.#sentSample) {
      this.#runs.push({ startSample: this.#sentSample, startAtMs: nowMs });
      if (this.#runs.length > 32) this.#runs = this.#runs.slice(-16);
    }
    this.#sentSample += samples;
  }

  /** Position of a player without any delay: what pacing is measured against. */
  pacedSample(atMs: number): number {
    for (let index = this.#runs.length - 1; index >= 0; index -= 1) {
      const run = this.#runs[index]!;
      if (run.startAtMs > atMs) continue;
      const endSample = this.#runs[index + 1]?.startSample ?? this.#sentSample;
      const played = run.startSample + msToSamples(atMs - run.startAtMs, this.rateHz);
      return Math.min(endSample, played);
    }
    return this.#runs[0]?.startSample ?? 0;
  }

  /** How far sending is ahead of that player, ms. */
  leadMs(nowMs: number): number {
    return samplesToMs(this.#sentSample - this.pacedSample(nowMs), this.rateHz);
  }

  /** Position that has certainly reached the ear: half a round trip and a player's delay later. */
  heardSample(nowMs: number, roundTripMs: number): number {
    return this.pacedSample(nowMs - roundTripMs / 2 - playerDelayMs);
  }

  /** Time from which a sample that was sent counts as heard. */
  heardAtMs(sample: number, roundTripMs: number): number {
    const run = this.#runs.findLast(({ startSample }) => startSample <= sample);
    if (run === undefined) return 0;
    const playingMs = samplesToMs(sample - run.startSample, this.#rateHz);
    return run.startAtMs + playingMs + roundTripMs / 2 + playerDelayMs;
  }

  /** Time from which everything sent so far counts as heard. */
  heardOutAtMs(roundTripMs: number): number {
    const last = this.#runs.at(-1);
    if (last === undefined) return 0;
    const playingMs = samplesToMs(this.#sentSample - last.startSample, this.rateHz);
    return last.startAtMs + playingMs + roundTripMs / 2 + playerDelayMs;
  }

  /** Time from which this much more would count as heard, if its sending went on from now, ms. */
  forecastMs(waitingMs: number, nowMs: number, roundTripMs: number): number {
    const goesOnAtMs = nowMs + roundTripMs / 2 + playerDelayMs;
    return Math.max(this.heardOutAtMs(roundTripMs), goesOnAtMs) + waitingMs;
  }

  /** The client threw away what it had not played: nothing after `sample` will be heard. */
  flushed(nowMs: number): void {
    // Nothing was sent since the last one: another run would only take memory.
    if (this.#runs.at(-1)?.startSample === this.#sentSample) return;
    this.#runs.push({ startSample: this.#sentSample, startAtMs: nowMs });
  }
}
