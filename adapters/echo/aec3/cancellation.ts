import WebRtcAec3 from '@ennuicastr/webrtcaec3.js';

import { frameSamples, rateHz } from './shape.ts';
import { ReferenceRing } from './reference-ring.ts';

/**
 * The canceller finds the echo by itself up to about 400 ms behind the reference; beyond this, ms,
 * the reference is held back so that the echo comes `shiftedDelayMs` after it.
 */
const longestOwnDelayMs = 320;
const shiftedDelayMs = 100;
/** The reference follows the capture sample by sample until the two are this far apart, samples. */
const slackSamples = 0.04 * rateHz;

/** One call's canceller: WebRTC's AEC3 and the reference that it hears. */
export class Cancellation {
  readonly #aec: WebRtcAec3.AEC3;
  readonly #reference = new ReferenceRing();
  readonly #frame = new Float32Array(frameSamples);
  readonly #played = new Float32Array(frameSamples);
  readonly #clean = new Float32Array(frameSamples);
  #filled = 0;
  #shiftMs = 0;
  /** Reference sample that belongs to the next capture frame; `null` before the first. */
  #nextSample: number | null = null;

  constructor(aec: WebRtcAec3.AEC3) {
    this.#aec = aec;
  }

  reference(pcm: Float32Array, playsAtMs: number): void {
    this.#reference.write(pcm, playsAtMs);
  }

  /** Frames that are complete now, without echo: as many samples as went in, rounded to frames. */
  capture(pcm: Float32Array, atMs: number): Float32Array<ArrayBuffer> {
    const clean = new Float32Array(
      Math.floor((this.#filled + pcm.length) / frameSamples) * frameSamples,
    );
    let written = 0;
    for (let taken = 0; taken < pcm.length;) {
      const part = pcm.subarray(taken, taken + frameSamples - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled < frameSamples) break;
      const frameAtMs = atMs + ((taken - frameSamples) * 1000) / rateHz;
      this.#run(Math.round(((frameAtMs - this.#shiftMs) * rateHz) / 1000));
      clean.set(this.#clean, written);
      written += frameSamples;
      this.#filled = 0;
    }
    return clean;
  }

  align(delayMs: number): void {
    const seenMs = delayMs - this.#shiftMs;
    if (seenMs >= 0 && seenMs <= longestOwnDelayMs) return;
    this.#shiftMs = Math.max(0, delayMs - shiftedDelayMs);
    this.#nextSample = null;
  }

  close(): void {
    this.#aec.free();
  }

  #run(expectedSample: number): void {
    const next = this.#nextSample;
    const from =
      next !== null && Math.abs(next - expectedSample) <= slackSamples ? next : expectedSample;
    this.#reference.read(from, this.#played);
    this.#nextSample = from + frameSamples;
    this.#aec.analyze([this.#played]);
    this.#aec.process([this.#clean], [this.#frame]);
  }
}

/**
 * Makes cancellers. Each has a WebAssembly instance of its own: one instance has 16 MiB that cannot
 * grow, and aborts for all that use it when a 29th canceller is made in it (measured).
 */
export async function openCancellation(): Promise<Cancellation> {
  const module = await loadQuietly();
  return new Cancellation(new module.AEC3(rateHz, 1, 1));
}

/** Loads an instance and takes back the handlers of process-wide failures that it installs. */
async function loadQuietly(): Promise<WebRtcAec3.WebRtcAec3> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  // It installs them before it returns, and loads afterwards.
  const loading = WebRtcAec3();
  for (const [index, event] of events.entries()) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[index]!.includes(listener)) process.removeListener(event, listener);
    }
  }
  return await loading;
}
