import { pcm16k, sameFormat } from '../../../../src/audio/format.ts';
import { CallError } from '../../../../src/ports/errors.ts';
import type {
  SpeechToTextCapabilities,
  SpeechToTextContext,
  SpeechToTextPort,
  SpeechToTextSession,
} from '../../../../src/ports/speech-to-text.ts';
import type { Clock, Timer } from '../../../../src/time/clock.ts';
import { EngineThread } from '../shared/engine-thread.ts';
import { zeroRecogniserCounters } from './counters.ts';
import type { RecogniserReply, RecogniserRequest, RecogniserStart, StreamStep } from './link.ts';
import { SherpaSession, type SessionHost, type WaitingStep } from './session.ts';
import { rateHz } from './stretch-book.ts';

export interface RecogniserLimits {
  /** How long audio waits to be sent with that of other calls, ms. A finish goes at once. */
  readonly gatherMs: number;
  /** Most audio of one call that waits for the thread, ms; the oldest is dropped. */
  readonly queueLimitMs: number;
  /** Longest time from a finish to its final, ms. */
  readonly finalTimeoutMs: number;
  /** Longest time the thread may take over a request before it counts as lost, ms. */
  readonly answerTimeoutMs: number;
  /** Longest time from the thread's start to when it listens, ms. */
  readonly startTimeoutMs: number;
}

const defaultLimits = {
  gatherMs: 30,
  queueLimitMs: 10_000,
  finalTimeoutMs: 3000,
  answerTimeoutMs: 15_000,
  startTimeoutMs: 60_000,
} as const satisfies RecogniserLimits;

export interface SherpaRecogniserOptions {
  readonly clock: Clock;
  readonly worker: URL;
  readonly start: () => Promise<RecogniserStart>;
  readonly limits?: Partial<RecogniserLimits>;
}

const capabilities: SpeechToTextCapabilities = {
  partials: true,
  // The engine's endpoint rules count silence and judge nothing.
  turnEvents: false,
  wordTimes: true,
  finish: 'flush',
  inputFormats: [pcm16k],
  sessionCapMs: null,
};

/** A streaming transducer in a thread of its own that all calls share. */
export class SherpaRecogniser implements SpeechToTextPort {
  readonly type = 'sherpa';
  readonly capabilities = capabilities;
  readonly #clock: Clock;
  readonly #limits: RecogniserLimits;
  readonly #counters = zeroRecogniserCounters();
  readonly #thread: EngineThread<RecogniserRequest, null, RecogniserReply>;
  readonly #sessions = new Map<number, SherpaSession>();
  /** Sessions with steps that wait. */
  readonly #waiting = new Set<SherpaSession>();
  /** Streams that the thread may forget. */
  #over: number[] = [];
  #lastStreamId = 0;
  #gathering: Timer | null = null;
  /** The request that is out. */
  #flight: Timer | null = null;

  constructor({ clock, worker, start, limits }: SherpaRecogniserOptions) {
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...limits };
    this.#thread = new EngineThread({
      name: 'sherpa',
      worker,
      clock,
      start,
      startTimeoutMs: this.#limits.startTimeoutMs,
      onReady: () => undefined,
      onReply: (reply) => this.#take(reply),
      onLost: (error) => this.#lost(error),
    });
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#thread.prepare(signal);
  }

  /** Starts the thread when it is not there. */
  async open(context: SpeechToTextContext, signal: AbortSignal): Promise<SpeechToTextSession> {
    if (!sameFormat(context.format, pcm16k)) {
      const { codec, rateHz: hz } = context.format;
      throw new CallError(
        'unsupported_by_backend',
        `sherpa takes pcm16 of 16000 Hz, not ${codec} ${hz}`,
      );
    }
    await this.#thread.prepare(signal);
    this.#lastStreamId += 1;
    const host: SessionHost = {
      clock: context.clock,
      counters: this.#counters,
      queueLimitSamples: (this.#limits.queueLimitMs * rateHz) / 1000,
      finalTimeoutMs: this.#limits.finalTimeoutMs,
      waiting: (session, soon) => this.#heard(session, soon),
      closed: (session) => this.#closed(session),
    };
    const session = new SherpaSession(this.#lastStreamId, host);
    this.#sessions.set(session.streamId, session);
    return session;
  }

  figures(): Readonly<Record<string, number>> {
    const sessions = this.#sessions.size;
    return { ...this.#thread.figures(), sessions, ...this.#counters };
  }

  async close(): Promise<void> {
    for (const session of [...this.#sessions.values()]) session.close();
    this.#gathering?.cancel();
    this.#gathering = null;
    this.#flight?.cancel();
    this.#flight = null;
    await this.#thread.close();
  }

  #heard(session: SherpaSession, soon: boolean): void {
    this.#waiting.add(session);
    if (this.#flight !== null) return;
    if (soon) this.#send();
    else this.#gather();
  }

  #closed(session: SherpaSession): void {
    this.#sessions.delete(session.streamId);
    this.#waiting.delete(session);
    this.#over.push(session.streamId);
    if (this.#flight === null) this.#gather();
  }

  #gather(): void {
    if (this.#gathering !== null || !this.#thread.isReady) return;
    this.#gathering = this.#clock.timerAt(this.#clock.nowMs() + this.#limits.gatherMs, () => {
      this.#gathering = null;
      if (this.#flight === null) this.#send();
    });
  }

  #send(): void {
    this.#gathering?.cancel();
    this.#gathering = null;
    const waiting: WaitingStep[] = [...this.#waiting].flatMap((session) => session.take());
    this.#waiting.clear();
    const closes = this.#over.map((streamId): StreamStep => ({ type: 'close', streamId }));
    this.#over = [];
    const steps = [...waiting.map(({ step }) => step), ...closes];
    if (steps.length === 0) return;
    const pcm = joined(waiting.flatMap((one) => one.pcm ?? []));
    const { answerTimeoutMs } = this.#limits;
    this.#flight = this.#clock.timerAt(this.#clock.nowMs() + answerTimeoutMs, () =>
      this.#thread.lose(`no answer for ${answerTimeoutMs} ms`),
    );
    this.#counters.requests += 1;
    this.#counters.audioMsTotal += (pcm.length * 1000) / rateHz;
    this.#thread.send({ type: 'steps', steps, pcm }, [pcm.buffer]);
  }

  #take({ partials, finals, decodeMs, runs, largestBatch }: RecogniserReply): void {
    this.#flight?.cancel();
    this.#flight = null;
    const counters = this.#counters;
    counters.decodeMsTotal += decodeMs;
    counters.decodeMsLast = decodeMs;
    counters.decodeMsMax = Math.max(counters.decodeMsMax, decodeMs);
    counters.runs += runs;
    counters.largestBatch = Math.max(counters.largestBatch, largestBatch);
    // A stretch's final comes before what is heard of the next one.
    for (const { streamId, finishId, text, words } of finals) {
      this.#sessions.get(streamId)?.final(finishId, text, words);
    }
    for (const { streamId, text } of partials) this.#sessions.get(streamId)?.partial(text);
    // What came meanwhile has waited long enough.
    this.#sendWaiting();
  }

  /** A listener may have sent already. */
  #sendWaiting(): void {
    if (this.#flight === null && (this.#waiting.size > 0 || this.#over.length > 0)) this.#send();
  }

  #lost(error: CallError): void {
    this.#gathering?.cancel();
    this.#gathering = null;
    this.#flight?.cancel();
    this.#flight = null;
    for (const session of [...this.#sessions.values()]) session.fail(error);
    this.#over = [];
    this.#waiting.clear();
  }
}

function joined(chunks: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const pcm = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    pcm.set(chunk, at);
    at += chunk.length;
  }
  return pcm;
}
