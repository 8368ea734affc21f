import { CallError } from '../../../src/ports/errors.ts';
import { frameSamples, rateHz } from './frame-features.ts';
import { EnergyStream } from './energy-stream.ts';
import type { DetectorPort, DetectorScore, DetectorStream } from '../../../src/ports/detector.ts';

/**
 * Hears speech without a model: level against an adaptive noise floor, pitch, spectral tilt.
 * For where no model may run or its thread is lost; less exact than one in noise
 * (docs/echo.md has the figures). Scores come inside `push`, on the calling thread.
 */
export class EnergyDetector implements DetectorPort {
  readonly name = 'energy';
  readonly rateHz = rateHz;
  readonly frameSamples = frameSamples;
  readonly #streams = new Set<DetectorStream>();
  #frames = 0;
  #closed = false;

  /** Nothing to load. @throws the signal's reason when it has aborted */
  prepare(signal: AbortSignal): Promise<void> {
    return Promise.try(() => signal.throwIfAborted());
  }

  /** @throws CallError `detector_failed` after `close` */
  open(onScore: (score: DetectorScore) => void): DetectorStream {
    if (this.#closed) throw new CallError('detector_failed', 'the detector is closed');
    const stream = new EnergyStream({
      onScore: (score) => {
        this.#frames += 1;
        onScore(score);
      },
      onClose: () => this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    return stream;
  }

  figures(): Readonly<Record<string, number>> {
    return { ready: this.#closed ? 0 : 1, streams: this.#streams.size, frames: this.#frames };
  }

  /** Open streams fall silent. Idempotent. */
  close(): Promise<void> {
    this.#closed = true;
    for (const stream of [...this.#streams]) stream.close();
    return Promise.resolve();
  }
}
