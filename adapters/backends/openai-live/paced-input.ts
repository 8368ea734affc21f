import type { Chunk } from '../../../src/audio/chunk.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import { isAudible, rateHz } from './audible.ts';
import type { Counters } from './counters.ts';

/** Length of a frame, ms. */
export const frameMs = 100;
const frameSamples = (rateHz * frameMs) / 1000;
/** Nothing from the caller for so long is filled with silence, ms. */
const fillAfterMs = 200;
/** Most that waits because it came faster than real time, ms: all that a call keeps. */
const waitingLimitMs = 15_000;
/** While more than this waits, ms, … */
const behindMs = 400;
/** … no more silence in a row is sent than ends a turn, ms. */
const keptSilenceMs = 800;
/** A longer stop of the process is not made up for, ms. */
const stoppedMs = 2_000;

export interface PacedInputOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  /** A frame is due. @returns false where it was not taken */
  readonly send: (frame: Uint8Array, toSample: number) => boolean;
  /** Uplink samples that will not be sent. */
  readonly onDropped: (samples: number) => void;
}

/**
 * The caller's audio as the upstream wants it: frames of 100 ms, one every 100 ms, silence where nothing
 * comes, because its clock stands still without. What is late is sent late, and what was said before the
 * session began is sent first; silence is left out until both are made up for. A live microphone is never
 * stretched.
 */
export class PacedInput {
  readonly #options: PacedInputOptions;
  /** Whole chunks, oldest first. */
  #waiting: { bytes: Uint8Array; toSample: number }[] = [];
  #waitingBytes = 0;
  #timer: Timer | null = null;
  #startedAtMs = 0;
  #frames = 0;
  #lastChunkAtMs = -Infinity;
  #toSample = 0;
  /** Silence in a row that was sent, or left out, ms. */
  #silentMs = keptSilenceMs;

  constructor(options: PacedInputOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#timer !== null;
  }

  /** Uplink position (input rate) of all that was sent. */
  get sentToSample(): number {
    return this.#toSample;
  }

  push({ bytes, startSample, samples }: Chunk): void {
    this.#lastChunkAtMs = this.#options.clock.nowMs();
    this.#waiting.push({ bytes, toSample: startSample + samples });
    this.#waitingBytes += bytes.byteLength;
    const limitBytes = (waitingLimitMs * rateHz * 2) / 1000;
    while (this.#waitingBytes > limitBytes) {
      const dropped = this.#waiting.shift();
      if (dropped === undefined) break;
      this.#waitingBytes -= dropped.bytes.byteLength;
      this.#drop(dropped.bytes.byteLength / 2);
    }
  }

  /** Forgets what was not sent yet. */
  clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** From now on a frame is due every 100 ms. Idempotent. */
  start(): void {
    if (this.#timer !== null) return;
    this.#startedAtMs = this.#options.clock.nowMs();
    this.#frames = 0;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    const { clock } = this.#options;
    const atMs = this.#startedAtMs + (this.#frames + 1) * frameMs;
    this.#timer = clock.timerAt(Math.max(atMs, clock.nowMs() + 1), () => this.#due());
  }

  #due(): void {
    const { clock, counters } = this.#options;
    const nowMs = clock.nowMs();
    const late = Math.floor((nowMs - this.#startedAtMs) / frameMs) - this.#frames;
    // A process that was stopped for long does not make up for it.
    if (late > stoppedMs / frameMs) {
      this.#startedAtMs = nowMs - frameMs;
      this.#frames = 0;
    }
    while (this.#startedAtMs + (this.#frames + 1) * frameMs <= nowMs + 0.001) {
      const full = this.#waitingBytes >= frameSamples * 2;
      if (!full && nowMs - this.#lastChunkAtMs < fillAfterMs) break;
      if (!full) counters.silenceFilledMs += frameMs - (this.#waitingBytes / 2 / rateHz) * 1000;
      this.#frames += 1;
      const frame = this.#next();
      if (!this.#options.send(frame, this.#toSample)) this.#drop(frameSamples);
    }
    // Input that is a little late is looked for again soon.
    if (this.#timer !== null) this.#armSoon(nowMs);
  }

  #armSoon(nowMs: number): void {
    const { clock } = this.#options;
    const atMs = this.#startedAtMs + (this.#frames + 1) * frameMs;
    const next = atMs > nowMs ? atMs : nowMs + 10;
    this.#timer = clock.timerAt(next, () => this.#due());
  }

  /** The next frame that is worth sending. */
  #next(): Uint8Array {
    for (;;) {
      const frame = this.#take();
      this.#silentMs = isAudible(frame) ? 0 : this.#silentMs + frameMs;
      const behind = this.#waitingBytes > (behindMs * rateHz * 2) / 1000;
      if (!behind || this.#silentMs <= keptSilenceMs) return frame;
      this.#options.counters.silenceSkippedMs += frameMs;
    }
  }

  #take(): Uint8Array {
    const frame = new Uint8Array(frameSamples * 2);
    let filled = 0;
    while (filled < frame.byteLength) {
      const first = this.#waiting[0];
      if (first === undefined) break;
      const taken = first.bytes.subarray(0, frame.byteLength - filled);
      frame.set(taken, filled);
      filled += taken.byteLength;
      first.bytes = first.bytes.subarray(taken.byteLength);
      this.#toSample = first.toSample - first.bytes.byteLength / 2;
      if (first.bytes.byteLength === 0) this.#waiting.shift();
    }
    this.#waitingBytes -= filled;
    return frame;
  }

  #drop(samples: number): void {
    this.#options.counters.inputDroppedSamples += samples;
    this.#options.onDropped(samples);
  }
}
