import type { DetectorPort, DetectorScore, DetectorStream } from '../../src/ports/detector.ts';

/** Settings of an {@link EnergyDetector}. */
export interface EnergyDetectorOptions {
  /** RMS level at which a frame scores 0.5, dBFS. Default −45. */
  readonly thresholdDbfs?: number;
}

const frameSamples = 512;
/** Level change that moves the odds of speech by a factor of e, dB. */
const slopeDb = 3;

/**
 * A detector for tests: 16 kHz, frames of 512 samples, the probability a logistic curve over the
 * frame's RMS level (0.5 at the threshold, above 0.95 from 9 dB over it, 0 for silence). Scores
 * arrive inside `push`, so a test sees them without waiting. Deterministic; needs no `prepare`.
 */
export class EnergyDetector implements DetectorPort {
  readonly name = 'energy';
  readonly rateHz = 16_000;
  readonly frameSamples = frameSamples;
  readonly #thresholdDbfs: number;
  readonly #streams = new Map<EnergyStream, (error: Error) => void>();
  #frames = 0;

  constructor(options: EnergyDetectorOptions = {}) {
    this.#thresholdDbfs = options.thresholdDbfs ?? -45;
  }

  prepare(signal: AbortSignal): Promise<void> {
    return Promise.try(() => signal.throwIfAborted());
  }

  open(onScore: (score: DetectorScore) => void, onFail: (error: Error) => void): DetectorStream {
    const stream = new EnergyStream({
      thresholdDbfs: this.#thresholdDbfs,
      onScore: (score) => {
        this.#frames += 1;
        onScore(score);
      },
      onClose: () => this.#streams.delete(stream),
    });
    this.#streams.set(stream, onFail);
    return stream;
  }

  figures(): Readonly<Record<string, number>> {
    return { streams: this.#streams.size, frames: this.#frames };
  }

  /** Plays the loss of the detector: every open stream is told once and then stays silent. */
  fail(error: Error): void {
    for (const [stream, onFail] of [...this.#streams]) {
      stream.close();
      onFail(error);
    }
  }

  close(): Promise<void> {
    for (const stream of [...this.#streams.keys()]) stream.close();
    return Promise.resolve();
  }
}

interface EnergyStreamOptions {
  readonly thresholdDbfs: number;
  readonly onScore: (score: DetectorScore) => void;
  readonly onClose: () => void;
}

class EnergyStream implements DetectorStream {
  readonly #options: EnergyStreamOptions;
  #endSample = 0;
  #frameFill = 0;
  #sumOfSquares = 0;
  #closed = false;

  constructor(options: EnergyStreamOptions) {
    this.#options = options;
  }

  push(pcm: Float32Array): void {
    for (const sample of pcm) {
      if (this.#closed) return;
      this.#sumOfSquares += sample * sample;
      this.#endSample += 1;
      this.#frameFill += 1;
      if (this.#frameFill === frameSamples) this.#finishFrame();
    }
  }

  reset(): void {
    this.#frameFill = 0;
    this.#sumOfSquares = 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose();
  }

  #finishFrame(): void {
    const levelDbfs = 10 * Math.log10(this.#sumOfSquares / frameSamples);
    const overDb = levelDbfs - this.#options.thresholdDbfs;
    this.#frameFill = 0;
    this.#sumOfSquares = 0;
    this.#options.onScore({
      probability: 1 / (1 + Math.exp(-overDb / slopeDb)),
      endSample: this.#endSample,
    });
  }
}
