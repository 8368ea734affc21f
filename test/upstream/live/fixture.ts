import { decodeSamples } from '../../../src/audio/samples.ts';
import { readAudio, WireError } from './shapes.ts';

const limitMs = 30_000;
const fixtureHz = 24_000;

/** Recorded audio that is played in place of the model. */
export class Fixture {
  readonly eventId: string | null;
  readonly #samples: Float32Array;
  #at = 0;

  /** @param rateHz of the session @throws WireError before anything has happened */
  constructor(audio: string, rateHz: number, eventId: string | null) {
    const samples = decodeSamples(readAudio(audio, 2), 'pcm16');
    if (samples.length === 0 || samples.length > (limitMs / 1000) * fixtureHz) {
      throw new WireError('invalid_audio', 'A fixture lasts up to 30 s.', 'audio');
    }
    const step = fixtureHz / rateHz;
    this.eventId = eventId;
    this.#samples = Float32Array.from(
      { length: Math.floor(samples.length / step) },
      (_, i) => samples[Math.floor(i * step)] ?? 0,
    );
  }

  get over(): boolean {
    return this.#at >= this.#samples.length;
  }

  frame(samples: number): Float32Array {
    const frame = new Float32Array(samples);
    frame.set(this.#samples.subarray(this.#at, this.#at + samples));
    this.#at += samples;
    return frame;
  }
}
