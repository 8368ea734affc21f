import type { EndOfTurnScore, EndOfTurnStream } from '../../../src/ports/end-of-turn.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import { calibrated, type CalibrationPoint } from './calibration.ts';
import type { Counters } from './counters.ts';
import type { AudioPiece, TurnReply, TurnRequest } from './turn-link.ts';
import { TurnStream, type Ask, type StreamHost, type TakenAudio } from './turn-stream.ts';

/** Limits of the way to the scoring thread and back. */
export interface DispatcherLimits {
  /** How long audio waits to be sent with that of other streams, ms. A question goes at once. */
  readonly gatherMs: number;
  /** Most samples of one stream that wait. */
  readonly queueLimitSamples: number;
  /**
   * Samples of one request after which no further stream is added to it. The stream that asks
   * always comes with all it has.
   */
  readonly samplesPerRequest: number;
  /** Longest time from an ask to a score that is still worth having, ms. */
  readonly askTimeoutMs: number;
  /** Longest time the thread may take over a request before it counts as lost, ms. */
  readonly answerTimeoutMs: number;
}

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly limits: DispatcherLimits;
  readonly calibration: readonly CalibrationPoint[];
  readonly counters: Counters;
  readonly send: (request: TurnRequest) => void;
  /** The thread does not answer. Called at most once. */
  readonly onLost: (error: CallError) => void;
}

interface Flight {
  readonly question: {
    readonly stream: TurnStream;
    readonly streamId: number;
    readonly ask: Ask;
  } | null;
  readonly timeout: Timer;
}

/**
 * Sends audio of all streams to the thread, and questions one after the other: one request at a
 * time, so that what waits stays here, where it can be overtaken.
 *
 * Questions do not share a run: with the published graph four in a batch took as long as four
 * alone, and all four would wait for the last.
 */
export class Dispatcher implements StreamHost {
  readonly counters: Counters;
  readonly #options: DispatcherOptions;
  readonly #streams = new Set<TurnStream>();
  /** Streams with audio, longest unserved first. */
  readonly #heard = new Set<TurnStream>();
  /** Streams with a question, in the order of the asking. */
  readonly #asking = new Set<TurnStream>();
  /** At most one id a stream that was sent since the last request. */
  #ended: number[] = [];
  #lastStreamId = 0;
  #gathering: Timer | null = null;
  #flight: Flight | null = null;
  #over = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.counters = options.counters;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Questions that wait, and the one that is out. */
  get openAsks(): number {
    return this.#asking.size + (this.#flight?.question ? 1 : 0);
  }

  open(onScore: (score: EndOfTurnScore) => void, onFail: (error: Error) => void): EndOfTurnStream {
    const { queueLimitSamples } = this.#options.limits;
    const stream = new TurnStream({ host: this, queueLimitSamples, onScore, onFail });
    this.#streams.add(stream);
    return stream;
  }

  /** The request that is out is worked off. */
  done({ raw, audioMs, scoreMs }: TurnReply & { readonly type: 'done' }): void {
    if (this.#over || this.#flight === null) return;
    const { question, timeout } = this.#flight;
    this.#flight = null;
    timeout.cancel();
    this.counters.audioMsTotal += audioMs;
    // The thread is free again: its next request goes first, then this one's score.
    this.#sendAsk();
    this.#gather();
    if (question === null) return;
    this.counters.audioMsLast = audioMs;
    this.counters.scoreMsTotal += scoreMs;
    this.counters.scoreMsLast = scoreMs;
    this.#settle(question, raw);
  }

  /** Ends everything; every open stream is told once. */
  fail(error: Error): void {
    const streams = this.#stop();
    for (const stream of streams) stream.fail(error);
  }

  /** Ends everything in silence. */
  close(): void {
    const streams = this.#stop();
    for (const stream of streams) stream.close();
  }

  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  nextStreamId(): number {
    this.#lastStreamId += 1;
    return this.#lastStreamId;
  }

  heard(stream: TurnStream): void {
    this.#heard.add(stream);
    this.#gather();
  }

  asking(stream: TurnStream): void {
    this.#asking.delete(stream);
    this.#asking.add(stream);
    this.#sendAsk();
  }

  withdrawn(stream: TurnStream): void {
    this.#asking.delete(stream);
  }

  ended(streamId: number): void {
    this.#ended.push(streamId);
    this.#gather();
  }

  closed(stream: TurnStream): void {
    this.#streams.delete(stream);
    this.#heard.delete(stream);
    this.#asking.delete(stream);
  }

  #settle({ stream, streamId, ask }: NonNullable<Flight['question']>, raw: number | null): void {
    const { clock, calibration, limits } = this.#options;
    const delayMs = clock.nowMs() - ask.askedAtMs;
    if (raw === null) {
      this.counters.emptyAsks += 1;
    } else if (!(raw >= 0 && raw <= 1)) {
      this.counters.invalidScores += 1;
    } else if (delayMs > limits.askTimeoutMs) {
      this.counters.lateAsks += 1;
    } else {
      const probability = calibrated(raw, calibration);
      const { askedAtSample } = ask;
      if (!stream.deliver(streamId, { probability, raw, askedAtSample })) {
        this.counters.abandonedAsks += 1;
        return;
      }
      this.counters.answers += 1;
      this.counters.delayMsTotal += delayMs;
      this.counters.delayMsLast = delayMs;
      this.counters.delayMsMax = Math.max(this.counters.delayMsMax, delayMs);
    }
  }

  /**
   * Sends the newest question that can still be answered in time, if the thread is free. Oldest
   * first would, as soon as there are more questions than the thread can do, answer all of them
   * too late; newest first answers as many as it can, and those soon.
   */
  #sendAsk(): void {
    if (this.#over || this.#flight !== null) return;
    const { clock, limits } = this.#options;
    const nowMs = clock.nowMs();
    // At least half of the time is for waiting, or one slow run would end all asking.
    const neededMs = Math.min(this.counters.scoreMsLast, limits.askTimeoutMs / 2);
    for (const stream of [...this.#asking]) {
      const askedAtMs = stream.waitingAsk?.askedAtMs ?? -Infinity;
      if (nowMs - askedAtMs + neededMs <= limits.askTimeoutMs) continue;
      this.#asking.delete(stream);
      if (stream.takeAsk() !== null) this.counters.lateAsks += 1;
    }
    const newest = [...this.#asking].at(-1);
    if (newest !== undefined) this.#send(newest);
  }

  #gather(): void {
    if (this.#over || this.#gathering !== null || this.#flight !== null) return;
    if (this.#heard.size === 0 && this.#ended.length === 0) return;
    const { clock, limits } = this.#options;
    this.#gathering = clock.timerAt(clock.nowMs() + limits.gatherMs, () => {
      this.#gathering = null;
      if (this.#flight === null) this.#send(null);
    });
  }

  #send(asking: TurnStream | null): void {
    const { clock, limits, send } = this.#options;
    this.#gathering?.cancel();
    this.#gathering = null;
    const taken = this.#takeAudio(asking);
    const pcm = new Float32Array(taken.reduce((sum, [, { samples }]) => sum + samples, 0));
    const pieces: AudioPiece[] = [];
    let at = 0;
    for (const [stream, { startSample, samples, chunks }] of taken) {
      pieces.push({ streamId: stream.id, startSample, samples });
      for (const chunk of chunks) {
        pcm.set(chunk, at);
        at += chunk.length;
      }
    }
    const ended = this.#ended;
    this.#ended = [];
    const question = asking === null ? null : this.#takeQuestion(asking);
    const timeout = clock.timerAt(clock.nowMs() + limits.answerTimeoutMs, () =>
      this.#options.onLost(
        new CallError(
          'detector_failed',
          `the end-of-turn thread did not answer for ${limits.answerTimeoutMs} ms`,
        ),
      ),
    );
    this.#flight = { question, timeout };
    this.counters.requests += 1;
    const asked = question && { streamId: question.streamId, fromSample: question.ask.fromSample };
    send({ type: 'request', pieces, pcm, ended, question: asked });
  }

  #takeQuestion(stream: TurnStream): Flight['question'] {
    const ask = stream.takeAsk();
    this.#asking.delete(stream);
    return ask && { stream, streamId: stream.id, ask };
  }

  /** All of the asking stream's audio, then that of others as far as it goes. */
  #takeAudio(asking: TurnStream | null): [TurnStream, TakenAudio][] {
    const taken: [TurnStream, TakenAudio][] = [];
    let room = this.#options.limits.samplesPerRequest;
    const take = (stream: TurnStream, limit: number): void => {
      const audio = stream.takeAudio(limit);
      if (audio === null) return;
      taken.push([stream, audio]);
      room -= audio.samples;
      this.#heard.delete(stream);
      if (stream.queuedSamples > 0) this.#heard.add(stream);
    };
    if (asking !== null) take(asking, Infinity);
    for (const stream of [...this.#heard]) {
      if (room <= 0) break;
      if (stream !== asking) take(stream, room);
    }
    return taken;
  }

  #stop(): readonly TurnStream[] {
    this.#over = true;
    this.#gathering?.cancel();
    this.#gathering = null;
    this.#flight?.timeout.cancel();
    if (this.#flight?.question) this.counters.abandonedAsks += 1;
    this.#flight = null;
    return [...this.#streams];
  }
}
