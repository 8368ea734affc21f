import type { EndOfTurnScore, EndOfTurnStream } from '../../../src/ports/end-of-turn.ts';
import { asCallError } from '../../../src/ports/errors.ts';
import type { Counters } from './counters.ts';

/** A question that waits or is out. */
export interface Ask {
  readonly fromSample: number;
  readonly askedAtSample: number;
  readonly askedAtMs: number;
}

/** Audio of one stream on its way to the thread. */
export interface TakenAudio {
  readonly startSample: number;
  readonly samples: number;
  readonly chunks: readonly Float32Array[];
}

/** What a stream needs of whoever sends its audio. */
export interface StreamHost {
  readonly counters: Counters;
  nowMs(): number;
  nextStreamId(): number;
  /** Audio waits. */
  heard(stream: TurnStream): void;
  /** A question waits. */
  asking(stream: TurnStream): void;
  /** Its question waits no more. */
  withdrawn(stream: TurnStream): void;
  /** What the thread remembers under this id can go. */
  ended(streamId: number): void;
  closed(stream: TurnStream): void;
}

export interface TurnStreamOptions {
  readonly host: StreamHost;
  /** Most samples that wait; beyond it the oldest are dropped. */
  readonly queueLimitSamples: number;
  readonly onScore: (score: EndOfTurnScore) => void;
  readonly onFail: (error: Error) => void;
}

/**
 * One call's audio and questions on their way to the scoring thread. The thread knows it by an id
 * that a reset changes, which is what makes scores of before the reset harmless.
 */
export class TurnStream implements EndOfTurnStream {
  readonly #options: TurnStreamOptions;
  #chunks: Float32Array[] = [];
  #queued = 0;
  /** Position after the last sample pushed. */
  #position = 0;
  #ask: Ask | null = null;
  #id: number;
  /** Whether the thread has seen the id. */
  #known = false;
  #closed = false;

  constructor(options: TurnStreamOptions) {
    this.#options = options;
    this.#id = options.host.nextStreamId();
  }

  get id(): number {
    return this.#id;
  }

  /** The question that waits. */
  get waitingAsk(): Ask | null {
    return this.#ask;
  }

  /** Samples that wait. */
  get queuedSamples(): number {
    return this.#queued;
  }

  /** Samples that may go to the thread: none from after a waiting question. */
  get #sendable(): number {
    const later = this.#ask === null ? 0 : this.#position - this.#ask.askedAtSample;
    return Math.max(0, this.#queued - later);
  }

  push(pcm: Float32Array): void {
    if (this.#closed || pcm.length === 0) return;
    const { host, queueLimitSamples } = this.#options;
    this.#chunks.push(pcm);
    this.#queued += pcm.length;
    this.#position += pcm.length;
    while (this.#queued > queueLimitSamples) {
      const [oldest] = this.#chunks;
      if (oldest === undefined) break;
      const excess = Math.min(oldest.length, this.#queued - queueLimitSamples);
      if (excess === oldest.length) this.#chunks.shift();
      else this.#chunks[0] = oldest.subarray(excess);
      this.#queued -= excess;
      host.counters.droppedSamples += excess;
    }
    host.heard(this);
  }

  ask(fromSample: number): void {
    if (this.#closed) return;
    if (!Number.isInteger(fromSample)) {
      throw new RangeError(`fromSample must be a whole number, got ${fromSample}`);
    }
    const { host } = this.#options;
    host.counters.asks += 1;
    if (this.#ask !== null) host.counters.supersededAsks += 1;
    this.#ask = { fromSample, askedAtSample: this.#position, askedAtMs: host.nowMs() };
    host.asking(this);
  }

  /** Takes the oldest audio that may go, up to `limit` samples; null when there is none. */
  takeAudio(limit: number): TakenAudio | null {
    const samples = Math.min(limit, this.#sendable);
    if (samples === 0) return null;
    const startSample = this.#position - this.#queued;
    const chunks: Float32Array[] = [];
    let left = samples;
    while (left > 0) {
      const oldest = this.#chunks[0]!;
      if (oldest.length <= left) {
        chunks.push(oldest);
        this.#chunks.shift();
        left -= oldest.length;
      } else {
        chunks.push(oldest.subarray(0, left));
        this.#chunks[0] = oldest.subarray(left);
        left = 0;
      }
    }
    this.#queued -= samples;
    this.#known = true;
    return { startSample, samples, chunks };
  }

  takeAsk(): Ask | null {
    const ask = this.#ask;
    this.#ask = null;
    return ask;
  }

  /** Hands a score on, and says whether there was still somebody to take it. */
  deliver(streamId: number, score: EndOfTurnScore): boolean {
    if (this.#closed || streamId !== this.#id) return false;
    try {
      this.#options.onScore(score);
    } catch (error) {
      // A listener that throws loses its own stream, not the scores of everybody after it.
      this.fail(asCallError(error, 'detector_failed'));
    }
    return true;
  }

  reset(): void {
    if (this.#closed) return;
    this.#end();
    this.#id = this.#options.host.nextStreamId();
  }

  /** Closes the stream and tells its owner why. */
  fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#options.onFail(error);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end();
    this.#options.host.closed(this);
  }

  #end(): void {
    const { host } = this.#options;
    this.#chunks = [];
    this.#queued = 0;
    if (this.takeAsk() !== null) {
      host.counters.abandonedAsks += 1;
      host.withdrawn(this);
    }
    if (this.#known) host.ended(this.#id);
    this.#known = false;
  }
}
