import { samplesToMs, msToSamples } from '../../src/audio/format.ts';
import { viewInt16 } from '../../src/audio/pcm16.ts';

/** Bounds of a row's input. Times in ms. */
export const rowInputLimits = {
  /** How far the model may run ahead of real time when audio comes in bursts. */
  aheadMs: 240,
  /** Audio that may wait for real time to catch up; beyond it the oldest is dropped. */
  waitingMs: 240,
  /** How fast the right to run comes back, against real time: more than any clock drifts. */
  refillRatio: 1.01,
  /** Input this late counts as missing, and silence takes its place. */
  overdueMs: 200,
  /** Longest chunk that a caller is expected to send again, once it has sent one. */
  chunkMs: 250,
  /** Silence comes in steps of this length. */
  silenceStepMs: 20,
  /** Finished frames that may wait for a slow model; beyond it the oldest is dropped. */
  readyFrames: 8,
} as const;

export interface RowInputOptions {
  readonly rateHz: number;
  readonly frameSamples: number;
  /** When the row was opened: silence is due from here while no audio ever came. */
  readonly openedAtMs: number;
}

/** One frame for the model. */
export interface InputFrame {
  readonly pcm: Int16Array;
  /** Uplink position that has been heard when this frame has. */
  readonly heardSample: number;
  /** When the frame was complete and allowed to run. */
  readonly readyAtMs: number;
  /** Samples of the uplink in it; the rest is silence put in for missing input. */
  readonly callerSamples: number;
}

/** A run of samples that waits; `startSample` is `null` for silence put in. */
interface Segment {
  readonly samples: Int16Array;
  readonly startSample: number | null;
  offset: number;
}

/**
 * Turns one call's audio, in whatever chunks it comes, into frames for a model, in real time.
 *
 * A frame is released as soon as it is complete. A token bucket keeps the model from running more
 * than 240 ms ahead of real time; it refills 1 % faster than real time, so that a caller's clock
 * never makes it drop anything. What must wait longer than that is dropped, oldest first, and
 * counted. Input is missing when it is 200 ms overdue: the next chunk is due when the last one,
 * or the longest one so far (up to 250 ms), has been filled. Then silence takes its place, in real
 * time, until audio comes again.
 */
export class RowInput {
  readonly #options: RowInputOptions;
  readonly #frameMs: number;
  readonly #segments: Segment[] = [];
  #waitingSamples = 0;
  readonly #ready: InputFrame[] = [];
  #creditMs: number;
  #creditAtMs: number;
  #longestChunkMs = 0;
  /** When the next chunk is due. */
  #dueAtMs: number;
  /** Until when silence was put in; `null` while input is not missing. */
  #silentUntilMs: number | null = null;
  #heardSample = 0;
  #droppedSamples = 0;
  #silenceSamples = 0;

  constructor(options: RowInputOptions) {
    this.#options = options;
    this.#frameMs = samplesToMs(options.frameSamples, options.rateHz);
    this.#creditMs = rowInputLimits.aheadMs + this.#frameMs;
    this.#creditAtMs = options.openedAtMs;
    this.#dueAtMs = options.openedAtMs + rowInputLimits.chunkMs;
  }

  /** Frames that can be taken now. */
  get readyFrames(): number {
    return this.#ready.length;
  }

  /** When the oldest frame that can be taken became so; `null` when there is none. */
  get readySinceMs(): number | null {
    return this.#ready[0]?.readyAtMs ?? null;
  }

  /** Samples of the uplink that were thrown away so far. */
  get droppedSamples(): number {
    return this.#droppedSamples;
  }

  /** Samples of silence put in for missing input so far. */
  get silenceSamples(): number {
    return this.#silenceSamples;
  }

  /**
   * @param bytes whole 16-bit samples; may be kept until they are used, and are not written to
   * @param startSample position of the first on the uplink
   */
  push(bytes: Uint8Array, startSample: number, nowMs: number): void {
    if (bytes.byteLength === 0) return;
    const samples = viewInt16(bytes);
    const durationMs = samplesToMs(samples.length, this.#options.rateHz);
    this.#longestChunkMs = Math.min(
      rowInputLimits.chunkMs,
      Math.max(this.#longestChunkMs, durationMs),
    );
    this.#dueAtMs = nowMs + Math.max(durationMs, this.#longestChunkMs);
    this.#silentUntilMs = null;
    this.#append(samples, startSample);
    this.#release(nowMs);
  }

  /**
   * Lets time pass: releases what waited, puts in silence where input is missing. To be called
   * every 20 ms or so. One call puts in one step of silence at most: after a stall of the whole
   * process the audio that came meanwhile gets a chance to be read first.
   */
  poll(nowMs: number): void {
    const { overdueMs, silenceStepMs } = rowInputLimits;
    if (nowMs - this.#dueAtMs > overdueMs) {
      this.#silentUntilMs ??= nowMs;
      if (nowMs - this.#silentUntilMs >= silenceStepMs) {
        this.#silentUntilMs += silenceStepMs;
        const samples = msToSamples(silenceStepMs, this.#options.rateHz);
        this.#silenceSamples += samples;
        this.#append(new Int16Array(samples), null);
      }
    }
    this.#release(nowMs);
  }

  /** The oldest frame that is ready, handed over. */
  take(): InputFrame | null {
    return this.#ready.shift() ?? null;
  }

  #append(samples: Int16Array, startSample: number | null): void {
    this.#segments.push({ samples, startSample, offset: 0 });
    this.#waitingSamples += samples.length;
  }

  #release(nowMs: number): void {
    const { rateHz, frameSamples } = this.#options;
    const { aheadMs, waitingMs, refillRatio, readyFrames } = rowInputLimits;
    const refillMs = (nowMs - this.#creditAtMs) * refillRatio;
    this.#creditMs = Math.min(aheadMs + this.#frameMs, this.#creditMs + refillMs);
    this.#creditAtMs = nowMs;
    while (this.#waitingSamples >= frameSamples && this.#creditMs >= this.#frameMs) {
      this.#creditMs -= this.#frameMs;
      const pcm = new Int16Array(frameSamples);
      const callerSamples = this.#consume(frameSamples, pcm);
      const heardSample = this.#heardSample;
      this.#ready.push({ pcm, heardSample, readyAtMs: nowMs, callerSamples });
    }
    const excess = this.#waitingSamples - msToSamples(waitingMs, rateHz);
    if (excess > 0) this.#droppedSamples += this.#consume(excess, null);
    while (this.#ready.length > readyFrames) {
      this.#droppedSamples += this.#ready.shift()?.callerSamples ?? 0;
    }
  }

  /** Takes `count` waiting samples, into `target` if given; says how many were the caller's. */
  #consume(count: number, target: Int16Array | null): number {
    let taken = 0;
    let callerSamples = 0;
    while (taken < count) {
      const segment = this.#segments[0]!;
      const end = Math.min(segment.samples.length, segment.offset + count - taken);
      const length = end - segment.offset;
      target?.set(segment.samples.subarray(segment.offset, end), taken);
      if (segment.startSample !== null) {
        callerSamples += length;
        this.#heardSample = segment.startSample + end;
      }
      taken += length;
      segment.offset = end;
      if (end === segment.samples.length) this.#segments.shift();
    }
    this.#waitingSamples -= count;
    return callerSamples;
  }
}
