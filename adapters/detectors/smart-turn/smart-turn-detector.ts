import type {
  EndOfTurnPort,
  EndOfTurnScore,
  EndOfTurnStream,
} from '../../../src/ports/end-of-turn.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { checkCalibration, smartTurnCalibration, type CalibrationPoint } from './calibration.ts';
import { zeroCounters } from './counters.ts';
import { Dispatcher, type DispatcherLimits } from './dispatcher.ts';
import { rateHz, windowSamples } from './shape.ts';
import { openThreadLink } from './thread-link.ts';
import type { OpenTurnLink, TurnLink, TurnReply } from './turn-link.ts';
import type { TurnWeights } from './weights.ts';

/**
 * Defaults. Nothing older than the window is worth keeping; 10 s of audio cost the thread about
 * 10 ms; a score that comes after 300 ms is of a silence that has moved on.
 */
const defaultLimits = {
  gatherMs: 60,
  queueLimitSamples: windowSamples,
  samplesPerRequest: 10 * rateHz,
  askTimeoutMs: 300,
  answerTimeoutMs: 5000,
} as const satisfies DispatcherLimits;

export interface SmartTurnDetectorOptions {
  readonly clock: Clock;
  readonly weights: TurnWeights;
  /** From the graph's output to a probability; Smart Turn v3.2's by default. */
  readonly calibration?: readonly CalibrationPoint[];
  readonly limits?: Partial<DispatcherLimits>;
  /** Way to the scoring thread; a worker thread by default. */
  readonly openLink?: OpenTurnLink;
}

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'starting';
      readonly link: TurnLink;
      readonly started: PromiseWithResolvers<void>;
    }
  | { readonly kind: 'ready'; readonly link: TurnLink; readonly dispatcher: Dispatcher }
  | { readonly kind: 'closed' };

/**
 * Smart Turn v3, or any graph of its contract, on a thread of its own that makes the features as
 * audio comes. When the thread is lost every stream fails with `detector_failed`; `prepare` then
 * starts a new one.
 */
export class SmartTurnDetector implements EndOfTurnPort {
  readonly name = 'smart-turn';
  readonly rateHz = rateHz;
  readonly #clock: Clock;
  readonly #weights: TurnWeights;
  readonly #calibration: readonly CalibrationPoint[];
  readonly #limits: DispatcherLimits;
  readonly #openLink: OpenTurnLink;
  readonly #counters = zeroCounters();
  #state: State = { kind: 'idle' };

  /** @throws RangeError when the calibration is not a rising map of 0–1 into 0–1 */
  constructor({ clock, weights, calibration, limits, openLink }: SmartTurnDetectorOptions) {
    this.#clock = clock;
    this.#weights = weights;
    this.#calibration = calibration ?? smartTurnCalibration;
    checkCalibration(this.#calibration);
    this.#limits = { ...defaultLimits, ...limits };
    this.#openLink = openLink ?? openThreadLink;
  }

  /**
   * Starts the thread and loads the weights; calls while it starts wait for the same start, and
   * an abort by any of them ends it.
   * @throws CallError `detector_failed` when that is impossible, aborted or closed
   */
  async prepare(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw aborted(signal);
    const started = this.#start();
    const abort = (): void => this.#fail(aborted(signal));
    signal.addEventListener('abort', abort, { once: true });
    try {
      await started;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** @throws CallError `detector_failed` when it is not prepared, or lost */
  open(onScore: (score: EndOfTurnScore) => void, onFail: (error: Error) => void): EndOfTurnStream {
    if (this.#state.kind !== 'ready') {
      throw new CallError('detector_failed', `the end-of-turn detector is ${this.#state.kind}`);
    }
    return this.#state.dispatcher.open(onScore, onFail);
  }

  figures(): Readonly<Record<string, number>> {
    const dispatcher = this.#state.kind === 'ready' ? this.#state.dispatcher : null;
    return {
      ready: dispatcher === null ? 0 : 1,
      streams: dispatcher?.streams ?? 0,
      openAsks: dispatcher?.openAsks ?? 0,
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
        state.started.reject(
          new CallError('detector_failed', 'the end-of-turn detector was closed'),
        );
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
        throw new CallError('detector_failed', 'the end-of-turn detector is closed');
      case 'idle': {
        const started: PromiseWithResolvers<void> = Promise.withResolvers();
        const link = this.#openLink(this.#weights, {
          reply: (reply) => this.#take(reply),
          lost: (reason) => this.#fail(new CallError('detector_failed', reason)),
        });
        this.#state = { kind: 'starting', link, started };
        return started.promise;
      }
    }
  }

  #take(reply: TurnReply): void {
    switch (reply.type) {
      case 'ready': {
        if (this.#state.kind !== 'starting') return;
        const { link, started } = this.#state;
        const dispatcher = new Dispatcher({
          clock: this.#clock,
          limits: this.#limits,
          calibration: this.#calibration,
          counters: this.#counters,
          send: (request) => link.send(request),
          onLost: (error) => this.#fail(error),
        });
        this.#state = { kind: 'ready', link, dispatcher };
        started.resolve();
        return;
      }
      case 'done':
        if (this.#state.kind === 'ready') this.#state.dispatcher.done(reply);
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
}

function aborted(signal: AbortSignal): CallError {
  return new CallError('detector_failed', 'preparing the end-of-turn detector was aborted', {
    cause: signal.reason,
  });
}
