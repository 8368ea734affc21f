import { bytesPerSample, type AudioFormat } from '../../../src/audio/format.ts';
import { decodeSamples } from '../../../src/audio/samples.ts';
import type { Timer } from '../../../src/time/clock.ts';
import type { Timers } from '../gemini/timers.ts';
import { frameMs } from './mind.ts';

/** The track comes no faster than real time, ahead by this much at most, ms. */
const leadMs = 100;
/** Most that is made up for at once, ms. */
const catchUpMs = 2_000;

/** The caller's audio, as the clock that everything else stands on. */
export class Ear {
  /** Longest time between two appends, ms. */
  longestGapMs = 0;
  /** Most audio that lay here because it came faster than real time, ms. */
  furthestAheadMs = 0;
  /** All that came, ms. */
  heardMs = 0;
  readonly #timers: Timers;
  readonly #format: AudioFormat;
  readonly #onFrame: (samples: Float32Array) => void;
  #input = Buffer.alloc(0);
  #paceAtMs: number | null = null;
  #lastAtMs: number | null = null;
  #timer: Timer | null = null;

  constructor(timers: Timers, format: AudioFormat, onFrame: (samples: Float32Array) => void) {
    this.#timers = timers;
    this.#format = format;
    this.#onFrame = onFrame;
  }

  push(bytes: Buffer): void {
    const nowMs = this.#timers.clock.nowMs();
    if (this.#lastAtMs !== null) {
      this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.#lastAtMs);
    }
    this.#lastAtMs = nowMs;
    this.#paceAtMs ??= nowMs - leadMs;
    this.#input = Buffer.concat([this.#input, bytes]);
    this.heardMs += (bytes.byteLength / this.#frameBytes) * frameMs;
    this.#run();
  }

  get #frameBytes(): number {
    const { codec, rateHz } = this.#format;
    return ((rateHz * frameMs) / 1000) * bytesPerSample(codec);
  }

  #run(): void {
    const frameBytes = this.#frameBytes;
    while (this.#input.byteLength >= frameBytes) {
      const nowMs = this.#timers.clock.nowMs();
      const aheadMs = (this.#input.byteLength / frameBytes - 1) * frameMs;
      this.furthestAheadMs = Math.max(this.furthestAheadMs, aheadMs);
      const paceAtMs = Math.max(this.#paceAtMs ?? nowMs, nowMs - catchUpMs);
      if (paceAtMs > nowMs) {
        this.#timer?.cancel();
        this.#timer = this.#timers.at(paceAtMs, () => this.#run());
        return;
      }
      this.#paceAtMs = paceAtMs + frameMs;
      const heard = decodeSamples(this.#input.subarray(0, frameBytes), this.#format.codec);
      this.#input = this.#input.subarray(frameBytes);
      this.#onFrame(heard);
    }
  }
}
