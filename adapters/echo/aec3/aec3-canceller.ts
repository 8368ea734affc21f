import { CallError } from '../../../src/ports/errors.ts';
import { openThreadLink } from './thread-link.ts';
import { rateHz } from './shape.ts';
import type {
  EchoCancellerHandlers,
  EchoCancellerPort,
  EchoCancellerStream,
} from '../../../src/ports/echo-canceller.ts';
import type { EchoLink, EchoReply, OpenEchoLink } from './link.ts';

/** Calls at once: what a thread of its own can do at 0.2–0.35 ms for 10 ms, with room to spare. */
const defaultStreamLimit = 20;
/** Captures on their way to the thread and back before it counts as too slow: 2 s of 20 ms. */
const inFlightLimit = 100;

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'starting';
      readonly link: EchoLink;
      readonly started: PromiseWithResolvers<void>;
    }
  | { readonly kind: 'ready'; readonly link: EchoLink }
  | { readonly kind: 'closed' };

interface OpenStream extends EchoCancellerHandlers {
  inFlight: number;
}

/**
 * WebRTC's AEC3 (a WebAssembly build) on a thread of its own, for all calls that want it: it costs
 * 0.2–0.35 ms of a core for 10 ms of audio, too much for the main thread. When the thread is lost
 * every stream fails with `detector_failed`; `prepare` then starts a new one.
 */
export class Aec3Canceller implements EchoCancellerPort {
  readonly name = 'aec3';
  readonly rateHz = rateHz;
  readonly #openLink: OpenEchoLink;
  readonly #streamLimit: number;
  readonly #streams = new Map<number, OpenStream>();
  #state: State = { kind: 'idle' };
  #nextStreamId = 1;
  #captures = 0;
  #runMsTotal = 0;
  #failures = 0;
  #refused = 0;

  constructor({
    openLink = openThreadLink,
    streamLimit = defaultStreamLimit,
  }: { openLink?: OpenEchoLink; streamLimit?: number } = {}) {
    this.#openLink = openLink;
    this.#streamLimit = streamLimit;
  }

  /** @throws CallError `detector_failed` when that is impossible, aborted or closed */
  async prepare(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw failed('preparing the canceller was aborted');
    const started = this.#start();
    const abort = (): void => this.#fail('preparing the canceller was aborted');
    signal.addEventListener('abort', abort, { once: true });
    try {
      await started;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  open(handlers: EchoCancellerHandlers): EchoCancellerStream {
    const state = this.#state;
    if (state.kind !== 'ready') throw failed(`the canceller is ${state.kind}`);
    if (this.#streams.size >= this.#streamLimit) {
      this.#refused += 1;
      throw failed(`the canceller serves ${this.#streamLimit} calls already`);
    }
    const { link } = state;
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 1;
    const stream: OpenStream = { ...handlers, inFlight: 0 };
    this.#streams.set(streamId, stream);
    link.send({ type: 'open', streamId });
    const isOpen = (): boolean => this.#streams.get(streamId) === stream;
    return {
      reference: (pcm, atMs) => {
        if (isOpen()) link.send({ type: 'reference', streamId, pcm: new Float32Array(pcm), atMs });
      },
      capture: (pcm, atMs) => {
        if (!isOpen()) return;
        if (stream.inFlight >= inFlightLimit) {
          link.send({ type: 'close', streamId });
          this.#failStream(streamId, 'the canceller cannot keep up');
          return;
        }
        stream.inFlight += 1;
        link.send({ type: 'capture', streamId, pcm: new Float32Array(pcm), atMs });
      },
      align: (delayMs) => {
        if (isOpen()) link.send({ type: 'align', streamId, delayMs });
      },
      close: () => {
        if (!isOpen()) return;
        this.#streams.delete(streamId);
        link.send({ type: 'close', streamId });
      },
    };
  }

  figures(): Readonly<Record<string, number>> {
    let inFlight = 0;
    for (const stream of this.#streams.values()) inFlight += stream.inFlight;
    return {
      ready: this.#state.kind === 'ready' ? 1 : 0,
      streams: this.#streams.size,
      inFlight,
      captures: this.#captures,
      runMsTotal: this.#runMsTotal,
      failures: this.#failures,
      refused: this.#refused,
    };
  }

  /** Ends the thread; open streams fall silent. Idempotent. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#streams.clear();
    if (state.kind === 'idle' || state.kind === 'closed') return;
    if (state.kind === 'starting') state.started.reject(failed('the canceller was closed'));
    await state.link.end();
  }

  async #start(): Promise<void> {
    switch (this.#state.kind) {
      case 'ready':
        return;
      case 'starting':
        return this.#state.started.promise;
      case 'closed':
        throw failed('the canceller is closed');
      case 'idle': {
        const started: PromiseWithResolvers<void> = Promise.withResolvers();
        const link = this.#openLink({
          reply: (reply) => this.#take(reply),
          lost: (reason) => this.#fail(reason),
        });
        this.#state = { kind: 'starting', link, started };
        return started.promise;
      }
    }
  }

  #take(reply: EchoReply): void {
    switch (reply.type) {
      case 'ready': {
        if (this.#state.kind !== 'starting') return;
        const { link, started } = this.#state;
        this.#state = { kind: 'ready', link };
        started.resolve();
        return;
      }
      case 'clean': {
        this.#captures += 1;
        this.#runMsTotal += reply.runMs;
        const stream = this.#streams.get(reply.streamId);
        if (stream === undefined) return;
        stream.inFlight -= 1;
        if (reply.pcm.length > 0) stream.onClean(reply.pcm);
        return;
      }
      case 'failed':
        this.#failStream(reply.streamId, reply.message);
        return;
    }
  }

  #failStream(streamId: number, reason: string): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#streams.delete(streamId);
    this.#failures += 1;
    stream.onFail(failed(reason));
  }

  /** Back to `idle`, from where `prepare` may try again. */
  #fail(reason: string): void {
    const state = this.#state;
    if (state.kind !== 'starting' && state.kind !== 'ready') return;
    this.#state = { kind: 'idle' };
    this.#failures += 1;
    void state.link.end();
    if (state.kind === 'starting') state.started.reject(failed(reason));
    for (const streamId of [...this.#streams.keys()]) this.#failStream(streamId, reason);
  }
}

function failed(message: string): CallError {
  return new CallError('detector_failed', message);
}
