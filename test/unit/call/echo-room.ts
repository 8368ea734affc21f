import { babble } from '../../support/babble.ts';
import { createResampler } from '../../../src/audio/resampler.ts';
import { decodeSamples, encodeSamples } from '../../../src/audio/samples.ts';
import type { CallHarness } from '../../support/call-harness.ts';

const rateHz = 24_000;
const stepMs = 20;
const stepSamples = (rateHz * stepMs) / 1000;

export interface RoomOptions {
  /** From a sample's turn in the player to its coming back through the microphone, ms. */
  readonly delayMs: number;
  /** How much quieter it comes back, dB; Infinity = a headset. */
  readonly lossDb: number;
}

/** A voice without words as PCM16 at 24 kHz. */
export function voice(durationMs: number, pitchHz: number, seed: number, gain = 1): Uint8Array {
  const resampler = createResampler({ fromHz: 16_000, toHz: rateHz });
  const samples = resampler.process(babble(durationMs, pitchHz, seed));
  resampler.close();
  return new Uint8Array(
    encodeSamples(
      samples.map((sample) => sample * gain),
      'pcm16',
    ),
  );
}

/**
 * A caller's player, loudspeaker, room and microphone: plays what the call gives, throws away what a
 * cut makes void, and sends back the echo with what the caller says.
 */
export class EchoRoom {
  readonly #harness: CallHarness;
  readonly #options: RoomOptions;
  readonly #air = new Float32Array(rateHz * 60);
  #said = new Float32Array(0);
  #playedTo = 0;
  #seen = 0;

  constructor(harness: CallHarness, options: RoomOptions) {
    this.#harness = harness;
    this.#options = options;
  }

  /** The caller begins to say this now. */
  say(bytes: Uint8Array): void {
    this.#said = decodeSamples(bytes, 'pcm16').slice();
  }

  /** Real time, 20 ms at a time. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.#play();
      await this.#harness.pass(stepMs);
      const result = this.#harness.call.pushAudio(this.#hear());
      if (!result.ok) throw result.error;
    }
  }

  /** Takes what came since to the player; a player sounds what it gets at once. */
  #play(): void {
    const { seen } = this.#harness.view;
    const now = this.#sampleAt(this.#harness.nowMs);
    for (; this.#seen < seen.length; this.#seen += 1) {
      const event = seen[this.#seen]!;
      if (event.kind === 'entry') {
        if (event.entry.type !== 'agent.cut') continue;
        this.#air.fill(0, this.#sampleAt(event.entry.atMs));
        this.#playedTo = now;
        continue;
      }
      const samples = decodeSamples(event.audio.bytes, 'pcm16');
      const from = Math.max(this.#playedTo, this.#sampleAt(event.atMs));
      this.#air.set(samples, from);
      this.#playedTo = from + samples.length;
    }
  }

  /** What the microphone heard in the step that has just passed. */
  #hear(): Uint8Array {
    this.#play();
    const { delayMs, lossDb } = this.#options;
    const from = this.#sampleAt(this.#harness.nowMs - stepMs - delayMs);
    const gain = 10 ** (-lossDb / 20);
    const heard = new Float32Array(stepSamples);
    for (let i = 0; i < stepSamples; i += 1) {
      const echo = from + i < 0 ? 0 : this.#air[from + i]!;
      heard[i] = gain * echo + (this.#said[i] ?? 0);
    }
    this.#said = this.#said.subarray(stepSamples);
    return new Uint8Array(encodeSamples(heard, 'pcm16'));
  }

  #sampleAt(ms: number): number {
    return Math.round((ms * rateHz) / 1000);
  }
}
