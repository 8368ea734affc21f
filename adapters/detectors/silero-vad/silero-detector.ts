import type { DetectorPort, DetectorScore, DetectorStream } from '../../../src/ports/detector.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { zeroCounters } from './counters.ts';
import { Dispatcher, type DispatcherLimits } from './dispatcher.ts';
import type { OpenScoringLink, ScoringLink, ScoringReply } from './scoring-link.ts';
import { frameSamples, rateHz } from './shape.ts';
import { openThreadLink } from './thread-link.ts';
import { locateWeights, sileroWeights } from './weights.ts';

/**
 * Defaults. A client may send 30 s of audio at once, so that much may wait (2 MiB a stream); what
 * the thread has not begun after 2 s is too old to act on.
 */
const defaultLimits = {
  gatherMs: 5,
  queueLimitFrames: 1000,
  maxWaitMs: 2000,
  framesPerStream: 8,
  framesPerRequest: 512,
  answerTimeoutMs: 5000,
} as const satisfies DispatcherLimits;

const maxRows = 64;

export interface SileroDetectorOptions {
  readonly clock: Clock;
  readonly limits?: Partial<DispatcherLimits>;
  /** Way to the scoring thread; a worker thread by default. */
  readonly openLink?: OpenScoringLink;
  /** Path of the weights; found in the installed package by default. Their digest is pinned. */
  readonly weightsPath?: string;
}

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'starting';
      readonly link: ScoringLink;
      readonly started: PromiseWithResolvers<void>;
    }
  | { readonly kind: 'ready'; readonly link: ScoringLink; readonly dispatcher: Dispatcher }
  | { readonly kind: 'closed' };

/**
 * Silero VAD on a thread of its own, batched across calls. Positions count every sample pushed to
 * a stream since it was opened, over resets and dropped frames. When the thread is lost every
 * stream fails with `detector_failed`; `prepare` then starts a new one.
 */
export class SileroDetector implements DetectorPort {
  readonly name = 'silero-vad';
  readonly rateHz = rateHz;
  readonly frameSamples = frameSamples;
  readonly #clock: Clock;
  readonly #limits: DispatcherLimits;
  readonly #openLink: OpenScoringLink;
  readonly #weightsPath: string | undefined;
  readonly #counters = zeroCounters();
  #state: State = { kind: 'idle' };

  constructor({ clock, limits, openLink, weightsPath }: SileroDetectorOptions) {
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
    this.#openLink = openLink ?? openThreadLink;
    this.#weightsPath = weightsPath;
  }

  /**
   * Starts the thread and loads the weights; calls while it starts wait for the same start, and
   * an abort by any of them ends it.
   * @throws CallError `detector_failed` when that is impossible, aborted or closed
   */
  async prepare(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw this.#aborted(signal);
    const started = this.#start();
    const abort = (): void => this.#fail(this.#aborted(signal));
    signal.addEventListener('abort', abort, { once: true });
    try {
      await started;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** @throws CallError `detector_failed` when it is not prepared, or lost */
  open(onScore: (score: DetectorScore) => void, onFail: (error: Error) => void): DetectorStream {
    if (this.#state.kind !== 'ready') {
      throw new CallError('detector_failed', `the detector is ${this.#state.kind}`);
    }
    return this.#state.dispatcher.open(onScore, onFail);
  }

  figures(): Readonly<Record<string, number>> {
    const dispatcher = this.#state.kind === 'ready' ? this.#state.dispatcher : null;
    return {
      ready: dispatcher === null ? 0 : 1,
      streams: dispatcher?.streams ?? 0,
      queueFrames: dispatcher?.queued ?? 0,
      inFlightFrames: dispatcher?.inFlight ?? 0,
      ...this.#counters,
    };
  }

  /** Ends the thread; open streams fall silent. Idempotent. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    switch (state.kind) {
      case 'idle':
      case 'closed':
        return;
      case 'starting':
        state.started.reject(new CallError('detector_failed', 'the detector was closed'));
        break;
      case 'ready':
        state.dispatcher.close();
        break;
    }
    await state.link.end();
  }

  async #start(): Promise<void> {
    switch (this.#state.kind) {
      case 'ready':
        return;
      case 'starting':
        return this.#state.started.promise;
      case 'closed':
        throw new CallError('detector_failed', 'the detector is closed');
      case 'idle': {
        const started: PromiseWithResolvers<void> = Promise.withResolvers();
        const weightsPath = this.#weightsPath ?? locateWeights();
        const link = this.#openLink(
          { weightsPath, sha256: sileroWeights.sha256, maxRows },
          {
            reply: (reply) => this.#take(reply),
            lost: (reason) => this.#fail(new CallError('detector_failed', reason)),
          },
        );
        this.#state = { kind: 'starting', link, started };
        return started.promise;
      }
    }
  }

  #take(reply: ScoringReply): void {
    switch (reply.type) {
      case 'ready': {
        if (this.#state.kind !== 'starting') return;
        const { link, started } = this.#state;
        const dispatcher = new Dispatcher({
          clock: this.#clock,
          limits: this.#limits,
          counters: this.#counters,
          send: (request) => link.send(request),
          onLost: (error) => this.#fail(error),
        });
        this.#state = { kind: 'ready', link, dispatcher };
        started.resolve();
        return;
      }
      case 'scores':
        if (this.#state.kind === 'ready') this.#state.dispatcher.scored(reply);
        return;
      case 'failed':
        this.#fail(new CallError('detector_failed', reply.message));
        return;
    }
  }

  /** Back to `idle`, from where `prepare` may try again. */
  #fail(error: CallError): void {
    const state = this.#state;
    if (state.kind !== 'starting' && state.kind !== 'ready') return;
    this.#state = { kind: 'idle' };
    this.#counters.failures += 1;
    void state.link.end();
    if (state.kind === 'starting') state.started.reject(error);
    else state.dispatcher.fail(error);
  }

  #aborted(signal: AbortSignal): CallError {
    return new CallError('detector_failed', 'preparing the detector was aborted', {
      cause: signal.reason,
    });
  }
}
