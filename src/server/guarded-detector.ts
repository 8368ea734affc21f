import type { DetectorPort, DetectorScore, DetectorStream } from '../ports/detector.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { Readiness } from './readiness.ts';

/** Wait before the first attempt to get the detector back, ms; doubled after each that fails. */
const firstRetryMs = 1_000;
/** Longest wait between two attempts, ms. */
const longestRetryMs = 30_000;

export interface GuardedDetectorOptions {
  /** Closed by its guard's `close`. */
  readonly detector: DetectorPort;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the attempts, the one under way included; to be aborted before the guard is closed. */
  readonly signal: AbortSignal;
}

/**
 * A detector as calls see it. When it is lost, or could not be prepared, readiness says so and it
 * is prepared again until that works; calls that start meanwhile have none, later ones have it.
 */
export class GuardedDetector implements DetectorPort {
  readonly name: string;
  readonly rateHz: number;
  readonly frameSamples: number;
  readonly #options: GuardedDetectorOptions;
  #retryMs = firstRetryMs;
  #timer: Timer | null = null;

  constructor(options: GuardedDetectorOptions) {
    const { detector, signal } = options;
    this.name = detector.name;
    this.rateHz = detector.rateHz;
    this.frameSamples = detector.frameSamples;
    this.#options = options;
    signal.addEventListener('abort', () => this.#timer?.cancel(), { once: true });
  }

  /** Rejects as the detector does; it is tried again later all the same. */
  async prepare(signal: AbortSignal): Promise<void> {
    try {
      await this.#options.detector.prepare(signal);
      this.#retryMs = firstRetryMs;
    } catch (thrown) {
      this.#retryLater();
      throw thrown;
    }
  }

  /** @throws CallError `detector_failed` while it is lost */
  open(onScore: (score: DetectorScore) => void, onFail: (error: Error) => void): DetectorStream {
    const { detector, readiness } = this.#options;
    if (readiness.of('detector', this.name) === 'failed') {
      throw new CallError('detector_failed', 'the detector is lost');
    }
    try {
      return detector.open(onScore, (error) => {
        this.#lost(error);
        onFail(error);
      });
    } catch (thrown) {
      if (thrown instanceof CallError && thrown.code === 'detector_failed') this.#lost(thrown);
      throw thrown;
    }
  }

  figures(): Readonly<Record<string, number>> {
    return this.#options.detector.figures();
  }

  close(): Promise<void> {
    return this.#options.detector.close();
  }

  /** Every stream tells of the same loss: only the first one counts. */
  #lost(error: Error): void {
    const { readiness, log } = this.#options;
    if (readiness.of('detector', this.name) !== 'ready') return;
    readiness.lost('detector', this.name, asCallError(error, 'detector_failed'));
    log.error('detector.lost', { detector: this.name, reason: error.message });
    this.#retryLater();
  }

  #retryLater(): void {
    const { clock, signal } = this.#options;
    if (signal.aborted) return;
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(2 * delayMs, longestRetryMs);
    this.#timer?.cancel();
    this.#timer = clock.timerAt(clock.nowMs() + delayMs, () => void this.#retry());
  }

  async #retry(): Promise<void> {
    const { readiness, log, signal } = this.#options;
    await readiness.track('detector', this.name, () => this.prepare(signal));
    if (signal.aborted) return;
    const failure = readiness.failure('detector', this.name);
    if (failure === null) log.info('detector.ready', { detector: this.name });
    else log.warn('detector.not_ready', { detector: this.name, reason: failure.message });
  }
}
