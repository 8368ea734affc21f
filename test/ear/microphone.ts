import { encodePcm16 } from '../../src/audio/pcm16.ts';
import type { Clock, Timer } from '../../src/time/clock.ts';
import { firstAudible, lastAudible } from './audible.ts';
import { seededRandom } from './seeded-random.ts';
import { Track } from './track.ts';

/** How a caller's side sends. Everything is repeatable by the seed. */
export interface Line {
  readonly rateHz: number;
  /** Length of a chunk, drawn evenly from this range, ms. */
  readonly chunkMs: { readonly min: number; readonly max: number };
  /** A chunk leaves up to this much after its last sample was captured, ms. */
  readonly jitterMs: number;
  /** How much faster than true time the caller's sample clock runs, parts per million. */
  readonly driftPpm: number;
  /** This share of chunks is late by so much more; those behind wait, as on one connection. */
  readonly late: { readonly share: number; readonly byMs: number };
  /** Room noise under everything, RMS dBFS; `null` for digital silence. */
  readonly noiseDbfs: number | null;
  readonly seed: number;
}

/** 20 ms chunks on time, in a quiet room. */
export const steadyLine: Line = {
  rateHz: 24_000,
  chunkMs: { min: 20, max: 20 },
  jitterMs: 0,
  driftPpm: 0,
  late: { share: 0, byMs: 0 },
  noiseDbfs: -75,
  seed: 1,
};

/** Something said, with its place on the caller's timeline. */
export interface Utterance {
  /** Sample at which it begins, counted since the microphone went on. */
  readonly startSample: number;
  readonly endSample: number;
  /** True times of its first and last audible sound, on the microphone's clock argument, ms. */
  readonly speechStartMs: number;
  readonly speechEndMs: number;
  /** Resolves when its last sample has left. */
  readonly left: Promise<undefined>;
}

interface Saying {
  readonly startSample: number;
  readonly samples: Float32Array;
  readonly left: PromiseWithResolvers<undefined>;
}

/**
 * A microphone in real time: captures silence and what it is told to say, cuts it into chunks and
 * hands each over when the line lets it through. Records what was handed over.
 */
export class Microphone {
  readonly line: Line;
  /** What was handed over, on the sample clock of the microphone. */
  readonly track = new Track();
  readonly #clock: Clock;
  readonly #deliver: (bytes: Uint8Array) => void;
  readonly #random: () => number;
  readonly #noise: () => number;
  readonly #startMs: number;
  readonly #sayings: Saying[] = [];
  #chunk = { fromSample: 0, toSample: 0, leavesMs: 0 };
  #timer: Timer | undefined;
  #muted = false;
  #chunks = 0;
  #lateChunks = 0;

  /** Goes on at once. `deliver` gets PCM16 bytes that are its own. */
  constructor(clock: Clock, line: Line, deliver: (bytes: Uint8Array) => void) {
    this.line = line;
    this.#clock = clock;
    this.#deliver = deliver;
    this.#random = seededRandom(line.seed);
    this.#noise = roomNoise(line);
    this.#startMs = clock.nowMs();
    this.#nextChunk();
  }

  /** Time of the first sample on the clock it was given, ms. */
  get startMs(): number {
    return this.#startMs;
  }

  /** Chunks handed over, and how many of them were made late. */
  get counts(): { readonly chunks: number; readonly lateChunks: number } {
    return { chunks: this.#chunks, lateChunks: this.#lateChunks };
  }

  /** Samples captured so far. */
  get capturedSamples(): number {
    return Math.floor(((this.#clock.nowMs() - this.#startMs) / 1000) * this.#trueRateHz);
  }

  /** True time at which a sample is captured, ms on the clock it was given. */
  timeOf(sample: number): number {
    return this.#startMs + (sample / this.#trueRateHz) * 1000;
  }

  /** Says the clip now, or after what it is still saying. */
  say(samples: Float32Array): Utterance {
    const busyUntil = this.#sayings.reduce((end, saying) => Math.max(end, endOf(saying)), 0);
    const startSample = Math.max(this.capturedSamples + 1, busyUntil);
    const left = Promise.withResolvers<undefined>();
    this.#sayings.push({ startSample, samples, left });
    const first = firstAudible(samples, this.line.rateHz) ?? 0;
    const last = lastAudible(samples, this.line.rateHz) ?? samples.length;
    return {
      startSample,
      endSample: startSample + samples.length,
      speechStartMs: this.timeOf(startSample + first),
      speechEndMs: this.timeOf(startSample + last),
      left: left.promise,
    };
  }

  /** While muted time goes on and nothing is handed over; what is said then is lost. */
  mute(muted: boolean): void {
    this.#muted = muted;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const saying of this.#sayings) saying.left.resolve(undefined);
    this.#sayings.length = 0;
  }

  get #trueRateHz(): number {
    return this.line.rateHz * (1 + this.line.driftPpm / 1e6);
  }

  #nextChunk(): void {
    const { chunkMs, jitterMs, late, rateHz } = this.line;
    const lengthMs = chunkMs.min + this.#random() * (chunkMs.max - chunkMs.min);
    const fromSample = this.#chunk.toSample;
    const toSample = fromSample + Math.max(1, Math.round((lengthMs * rateHz) / 1000));
    const isLate = this.#random() < late.share;
    if (isLate) this.#lateChunks += 1;
    const delayMs = this.#random() * jitterMs + (isLate ? late.byMs : 0);
    const leavesMs = Math.max(this.#chunk.leavesMs, this.timeOf(toSample) + delayMs);
    this.#chunk = { fromSample, toSample, leavesMs };
    this.#timer = this.#clock.timerAt(leavesMs, () => this.#send());
  }

  #send(): void {
    const { fromSample, toSample } = this.#chunk;
    const samples = this.#capture(fromSample, toSample);
    if (!this.#muted) {
      const bytes = encodePcm16(samples);
      this.track.write(fromSample, samples);
      this.#chunks += 1;
      this.#deliver(bytes);
    }
    while (this.#sayings[0] !== undefined && endOf(this.#sayings[0]) <= toSample) {
      this.#sayings.shift()?.left.resolve(undefined);
    }
    this.#nextChunk();
  }

  #capture(fromSample: number, toSample: number): Float32Array {
    const samples = Float32Array.from({ length: toSample - fromSample }, this.#noise);
    for (const saying of this.#sayings) {
      const from = Math.max(fromSample, saying.startSample);
      const to = Math.min(toSample, endOf(saying));
      // A clip brings its own room with it.
      for (let i = from; i < to; i += 1) {
        samples[i - fromSample] = saying.samples[i - saying.startSample]!;
      }
    }
    return samples;
  }
}

function endOf(saying: Saying): number {
  return saying.startSample + saying.samples.length;
}

function roomNoise({ noiseDbfs, seed }: Line): () => number {
  if (noiseDbfs === null) return () => 0;
  const random = seededRandom(seed + 1);
  const amplitude = 10 ** (noiseDbfs / 20) * Math.sqrt(12);
  return () => (random() - 0.5) * amplitude;
}
