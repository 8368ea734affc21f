import { FrameMeter, frameSamples } from './frame-features.ts';
import { SpeechScore } from './speech-score.ts';
import type { DetectorScore, DetectorStream } from '../../../src/ports/detector.ts';

export interface EnergyStreamOptions {
  readonly onScore: (score: DetectorScore) => void;
  readonly onClose: () => void;
}

/** One call's audio, scored inside `push`. Positions count every sample ever pushed. */
export class EnergyStream implements DetectorStream {
  readonly #options: EnergyStreamOptions;
  readonly #frame = new Float32Array(frameSamples);
  readonly #meter = new FrameMeter();
  readonly #score = new SpeechScore();
  #filled = 0;
  #endSample = 0;
  #closed = false;

  constructor(options: EnergyStreamOptions) {
    this.#options = options;
  }

  push(pcm: Float32Array): void {
    for (let taken = 0; taken < pcm.length && !this.#closed;) {
      const part = pcm.subarray(taken, taken + frameSamples - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      this.#endSample += part.length;
      taken += part.length;
      if (this.#filled < frameSamples) return;
      this.#filled = 0;
      const probability = this.#score.next(this.#meter.measure(this.#frame));
      this.#options.onScore({ probability, endSample: this.#endSample });
    }
  }

  reset(): void {
    this.#filled = 0;
    this.#meter.restart();
    this.#score.restart();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose();
  }
}
