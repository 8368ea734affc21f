import { createResampler, type Resampler } from '../audio/resampler.ts';
import { decodeSamples } from '../audio/samples.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { EchoCancellerPort, EchoCancellerStream } from '../ports/echo-canceller.ts';

export interface EchoCancellingOptions {
  readonly canceller: EchoCancellerPort | null;
  /** Rate of the caller's audio, Hz; a canceller of another rate is none. */
  readonly rateHz: number;
  /** Of what is sent to the client. */
  readonly format: AudioFormat;
  /** Takes the caller's audio without the echo, every sample once and in order. */
  readonly push: (pcm: Float32Array) => void;
  /** The canceller is gone; what follows has to go its own way. Called once at most. */
  readonly onFailed: () => void;
}

/** A call's way through an echo canceller that may be lost: no sample is. */
export class EchoCancelling {
  readonly #push: (pcm: Float32Array) => void;
  readonly #format: AudioFormat;
  readonly #resampler: Resampler;
  #stream: EchoCancellerStream | null = null;
  #owed = 0;
  #lost = false;
  #delayMs: number | null = null;

  private constructor({ push, format, rateHz }: EchoCancellingOptions) {
    this.#push = push;
    this.#format = format;
    this.#resampler = createResampler({ fromHz: format.rateHz, toHz: rateHz });
  }

  /** @returns `null` where no canceller can be had */
  static open(options: EchoCancellingOptions): EchoCancelling | null {
    const { canceller, rateHz, onFailed } = options;
    if (canceller?.rateHz !== rateHz) return null;
    const self = new EchoCancelling(options);
    try {
      const stream = canceller.open({
        onClean: (pcm) => {
          self.#owed -= pcm.length;
          self.#push(pcm);
        },
        onFail: () => {
          if (self.#lost) return;
          self.#lost = true;
          self.#giveBack();
          onFailed();
        },
      });
      if (!self.#lost) {
        self.#stream = stream;
        return self;
      }
    } catch {
      // Not prepared, lost or full: the next rung does without it.
    }
    self.#resampler.close();
    return null;
  }

  /** @param bytes agent audio as it was sent */
  reference(bytes: Uint8Array, playsAtMs: number): void {
    if (this.#stream === null) return;
    const pcm = this.#resampler.process(decodeSamples(bytes, this.#format.codec));
    this.#stream.reference(pcm, playsAtMs);
  }

  /** @param delayMs how late the echo comes, as far as it is known */
  capture(pcm: Float32Array, atMs: number, delayMs: number | null): void {
    if (this.#stream === null) return;
    if (delayMs !== null && delayMs !== this.#delayMs) {
      this.#delayMs = delayMs;
      this.#stream.align(delayMs);
    }
    this.#owed += pcm.length;
    this.#stream.capture(pcm, atMs);
  }

  /** Idempotent. The detector gets silence for what is still in the canceller. */
  close(): void {
    this.#stream?.close();
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#stream === null) return;
    this.#stream = null;
    this.#resampler.close();
    // Positions are counted in samples: what is not given back would shift all that follows.
    if (this.#owed > 0) this.#push(new Float32Array(this.#owed));
    this.#owed = 0;
  }
}
