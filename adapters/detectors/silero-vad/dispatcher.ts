import type { DetectorScore, DetectorStream } from '../../../src/ports/detector.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { Counters } from './counters.ts';
import type { ScoreRequest, ScoringReply } from './scoring-link.ts';
import { frameSamples } from './shape.ts';
import { SileroStream, type StreamHost, type WaitingFrame } from './silero-stream.ts';

/** Limits of the way to the scoring thread and back. */
export interface DispatcherLimits {
  /** How long a frame waits for frames of other streams to share its batch, ms. */
  readonly gatherMs: number;
  /** Most frames of one stream that wait. */
  readonly queueLimitFrames: number;
  /** Longest wait of a frame that is still worth scoring, ms. */
  readonly maxWaitMs: number;
  /** Most frames of one stream in one request, so that a burst does not hold up other streams. */
  readonly framesPerStream: number;
  /** Most frames of one request. */
  readonly framesPerRequest: number;
  /** Longest time the thread may take over a request before it counts as lost, ms. */
  readonly answerTimeoutMs: number;
}

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly limits: DispatcherLimits;
  readonly counters: Counters;
  readonly send: (request: ScoreRequest) => void;
  /** The thread does not answer, or answers nonsense. Called at most once. */
  readonly onLost: (error: CallError) => void;
}

interface SentFrame {
  readonly stream: SileroStream;
  readonly streamId: number;
  readonly frame: WaitingFrame;
}

interface Flight {
  /** In order, the silent ones among them. */
  readonly frames: readonly SentFrame[];
  /** Those that the thread has (a count). */
  readonly scored: number;
  readonly timeout: Timer;
}

const noScores = new Float32Array(0);

/**
 * Gathers frames of all streams into one request at a time and hands the scores back. While the
 * thread works, frames gather for the next request, so batches grow with the load by themselves.
 */
export class Dispatcher implements StreamHost {
  readonly #options: DispatcherOptions;
  readonly #streams = new Set<SileroStream>();
  /** Streams with frames, longest unserved first. */
  readonly #waiting = new Set<SileroStream>();
  /** At most one id a stream that was sent since the last request. */
  #ended: number[] = [];
  #lastStreamId = 0;
  #gathering: Timer | null = null;
  /** Gathering time is over; goes out as soon as the thread is free. */
  #due = false;
  #flight: Flight | null = null;
  #over = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Frames that wait, of all streams. */
  get queued(): number {
    let frames = 0;
    for (const stream of this.#waiting) frames += stream.queued;
    return frames;
  }

  /** Frames the thread has now. */
  get inFlight(): number {
    return this.#flight?.scored ?? 0;
  }

  open(onScore: (score: DetectorScore) => void, onFail: (error: Error) => void): DetectorStream {
    const { queueLimitFrames, maxWaitMs } = this.#options.limits;
    const stream = new SileroStream({ host: this, queueLimitFrames, maxWaitMs, onScore, onFail });
    this.#streams.add(stream);
    return stream;
  }

  /** Scores of the request that is out. */
  scored(reply: ScoringReply & { readonly type: 'scores' }): void {
    if (this.#over) return;
    const flight = this.#flight;
    this.#flight = null;
    flight?.timeout.cancel();
    if (flight?.scored !== reply.probabilities.length) {
      this.#lose('the scoring thread gave scores nobody asked for');
      return;
    }
    const { counters, clock } = this.#options;
    const nowMs = clock.nowMs();
    counters.batches += reply.batches;
    counters.frames += flight.scored;
    counters.invalidFrames += reply.invalidFrames;
    counters.runMsTotal += reply.runMs;
    counters.runMsLast = reply.runMs;
    // The thread is free again: its next request goes first, then this one's scores.
    if (this.#due) this.#sendDue();
    this.#deliver(flight.frames, reply.probabilities, nowMs);
  }

  /** @param probabilities of those that were scored */
  #deliver(frames: readonly SentFrame[], probabilities: Float32Array, nowMs: number): void {
    const { counters } = this.#options;
    let row = 0;
    for (const { stream, streamId, frame } of frames) {
      const { completedAtMs, endSample, role } = frame;
      if (role === 'silent') {
        counters.silentFrames += 1;
        stream.deliver(streamId, { probability: 0, endSample }, role);
        continue;
      }
      counters.delayMsLast = nowMs - completedAtMs;
      counters.delayMsTotal += counters.delayMsLast;
      const probability = probabilities[row]!;
      row += 1;
      stream.deliver(streamId, { probability, endSample }, role);
    }
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
    // Int32 on the way to the thread; after 2^31 resets the oldest ids are long gone.
    this.#lastStreamId = (this.#lastStreamId + 1) & 0x7fff_ffff;
    return this.#lastStreamId;
  }

  waiting(stream: SileroStream): void {
    this.#waiting.add(stream);
    this.#gather();
  }

  dropped(frames: number): void {
    this.#options.counters.droppedFrames += frames;
  }

  ended(streamId: number): void {
    this.#ended.push(streamId);
    this.#gather();
  }

  closed(stream: SileroStream): void {
    this.#streams.delete(stream);
    this.#waiting.delete(stream);
  }

  #gather(): void {
    if (this.#over || this.#due || this.#gathering !== null) return;
    const { clock, limits } = this.#options;
    this.#gathering = clock.timerAt(clock.nowMs() + limits.gatherMs, () => {
      this.#gathering = null;
      this.#due = true;
      this.#sendDue();
    });
  }

  #sendDue(): void {
    if (this.#over || this.#flight !== null) return;
    const { clock, limits, counters, send } = this.#options;
    const nowMs = clock.nowMs();
    const frames = this.#takeFrames(nowMs);
    this.#due = this.#waiting.size > 0;
    const heard = frames.filter(({ frame }) => frame.role !== 'silent');
    if (heard.length === 0 && this.#ended.length === 0) {
      this.#deliver(frames, noScores, nowMs);
      if (this.#due) this.#sendDue();
      return;
    }
    const streamIds = new Int32Array(heard.length);
    const pcm = new Float32Array(heard.length * frameSamples);
    for (const [index, { streamId, frame }] of heard.entries()) {
      streamIds[index] = streamId;
      pcm.set(frame.samples, index * frameSamples);
      counters.queueMsLast = nowMs - frame.completedAtMs;
      counters.queueMsTotal += counters.queueMsLast;
    }
    const ended = this.#ended;
    this.#ended = [];
    const timeout = clock.timerAt(nowMs + limits.answerTimeoutMs, () =>
      this.#lose(`the scoring thread did not answer for ${limits.answerTimeoutMs} ms`),
    );
    this.#flight = { frames, scored: heard.length, timeout };
    counters.requests += 1;
    send({ streamIds, pcm, ended });
  }

  /** Streams that were not served, or not to the end, keep or get a place for the next request. */
  #takeFrames(nowMs: number): SentFrame[] {
    const { framesPerStream, framesPerRequest } = this.#options.limits;
    const frames: SentFrame[] = [];
    for (const stream of [...this.#waiting]) {
      const room = Math.min(framesPerStream, framesPerRequest - frames.length);
      if (room === 0) break;
      for (const frame of stream.take(room, nowMs)) {
        frames.push({ stream, streamId: stream.id, frame });
      }
      this.#waiting.delete(stream);
      if (stream.queued > 0) this.#waiting.add(stream);
    }
    return frames;
  }

  #lose(reason: string): void {
    this.#options.onLost(new CallError('detector_failed', reason));
  }

  #stop(): readonly SileroStream[] {
    this.#over = true;
    this.#gathering?.cancel();
    this.#gathering = null;
    this.#flight?.timeout.cancel();
    this.#flight = null;
    return [...this.#streams];
  }
}
