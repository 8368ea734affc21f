import type { Chunk } from '../../../../src/audio/chunk.ts';
import { samplesToMs } from '../../../../src/audio/format.ts';
import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type {
  SpeechToTextContext,
  SpeechToTextEvent,
  SpeechToTextSession,
} from '../../../../src/ports/speech-to-text.ts';
import { BoundedQueue, type Incoming } from '../../../../src/streams/bounded-queue.ts';
import type { Timer } from '../../../../src/time/clock.ts';
import { joinTexts } from '../shared/segment.ts';
import type { WhisperHttpOptions } from './options.ts';
import { transcribe, TranscriptionFault, type Transcription } from './request.ts';

/** Events that may wait for the consumer (a count). */
const eventLimit = 1024;
/** Requests at once (a count); a further finish is answered by what is known: nothing. */
const requestLimit = 8;
/** Requests that fail in a row end the session (a count). */
const failureLimit = 3;
/** Less audio holds no word, ms: servers refuse it. */
const leastMs = 100;

/** What is counted; names of its figures. */
export interface WhisperCounters {
  sessionsOpen: number;
  sessionsTotal: number;
  opensRefused: number;
  requests: number;
  requestsFailed: number;
  requestsAborted: number;
  finals: number;
  finalsIncomplete: number;
  audioSentMs: number;
  audioDroppedMs: number;
  eventsOverflowed: number;
}

export function zeroWhisperCounters(): WhisperCounters {
  return {
    sessionsOpen: 0,
    sessionsTotal: 0,
    opensRefused: 0,
    requests: 0,
    requestsFailed: 0,
    requestsAborted: 0,
    finals: 0,
    finalsIncomplete: 0,
    audioSentMs: 0,
    audioDroppedMs: 0,
    eventsOverflowed: 0,
  };
}

export interface WhisperSessionOptions {
  readonly options: WhisperHttpOptions;
  readonly secret: string | null;
  readonly context: SpeechToTextContext;
  readonly counters: WhisperCounters;
  /** Called once. */
  readonly onClosed: () => void;
}

/** A stretch on its way to words. */
interface Asked {
  readonly finishId: number;
  readonly isWhole: boolean;
  readonly aborting: AbortController;
  timer: Timer | null;
  /** `null` while it is not known. */
  text: string | null;
  complete: boolean;
  audioMs: number;
}

/** One caller's stretches, each recognised by a request of its own. */
export class WhisperSession implements SpeechToTextSession {
  readonly #options: WhisperSessionOptions;
  readonly #queue = new BoundedQueue<SpeechToTextEvent>({
    limit: eventLimit + 1,
    overflow: 'fail',
  });
  #stretch: Uint8Array[] = [];
  #stretchMs = 0;
  #isWhole = true;
  /** In order of their finishes; the first is answered first. */
  #asked: Asked[] = [];
  #failures = 0;
  #closed = false;

  constructor(options: WhisperSessionOptions) {
    this.#options = options;
    options.counters.sessionsOpen += 1;
    options.counters.sessionsTotal += 1;
  }

  get events(): Incoming<SpeechToTextEvent> {
    return this.#queue;
  }

  push({ bytes, samples, rateHz }: Chunk): void {
    if (this.#closed) return;
    const durationMs = samplesToMs(samples, rateHz);
    const { counters, options } = this.#options;
    if (this.#stretchMs + durationMs > options.stretchLimitMs) {
      counters.audioDroppedMs += durationMs;
      this.#isWhole = false;
      return;
    }
    this.#stretch.push(bytes);
    this.#stretchMs += durationMs;
  }

  finish(finishId: number): void {
    if (this.#closed) return;
    const audio = this.#stretch;
    const audioMs = this.#stretchMs;
    const asked: Asked = {
      finishId,
      isWhole: this.#isWhole,
      aborting: new AbortController(),
      timer: null,
      text: null,
      complete: false,
      audioMs: 0,
    };
    this.clear();
    const isFull = this.#asked.length >= requestLimit;
    this.#asked.push(asked);
    if (audioMs < leastMs) this.#settle(asked, '', true);
    else if (isFull) this.#settle(asked, '', false);
    else this.#ask(asked, audio, audioMs);
  }

  clear(): void {
    this.#stretch = [];
    this.#stretchMs = 0;
    this.#isWhole = true;
  }

  close(): void {
    if (!this.#closed) this.#end();
    this.#queue.drain();
  }

  #ask(asked: Asked, audio: readonly Uint8Array[], audioMs: number): void {
    const { context, options, counters } = this.#options;
    const { clock } = context;
    asked.timer = clock.timerAt(clock.nowMs() + options.finalTimeoutMs, () => {
      counters.requestsAborted += 1;
      asked.aborting.abort(new CallError('backend_stalled', 'it took too long'));
      this.#settle(asked, '', false);
    });
    void this.#transcribe(asked, audio, audioMs).then(
      (result) => {
        this.#failures = 0;
        asked.audioMs = result.audioMs ?? audioMs;
        this.#settle(asked, result.text, asked.isWhole);
      },
      (thrown: unknown) => this.#failed(asked, thrown),
    );
  }

  /** Once more where that could help: most such faults are a connection that was left idle. */
  async #transcribe(
    asked: Asked,
    audio: readonly Uint8Array[],
    audioMs: number,
  ): Promise<Transcription> {
    try {
      return await this.#request(asked, audio, audioMs);
    } catch (thrown) {
      const isAgain = thrown instanceof TranscriptionFault && thrown.again;
      if (!isAgain || asked.aborting.signal.aborted) throw thrown;
      this.#options.counters.requestsFailed += 1;
      return this.#request(asked, audio, audioMs);
    }
  }

  #request(asked: Asked, audio: readonly Uint8Array[], audioMs: number): Promise<Transcription> {
    const { options, secret, context, counters } = this.#options;
    counters.requests += 1;
    counters.audioSentMs += audioMs;
    const terms = [...options.keyTerms, ...context.keyTerms].join(', ');
    const prompt = joinTexts([{ text: options.prompt ?? '' }, { text: terms }]);
    return transcribe({
      baseUrl: options.baseUrl,
      secret,
      model: options.model,
      language: (context.language ?? options.language)?.split('-')[0] ?? null,
      prompt: prompt === '' ? null : prompt,
      audio,
      rateHz: context.format.rateHz,
      signal: asked.aborting.signal,
    });
  }

  #failed(asked: Asked, thrown: unknown): void {
    if (this.#closed || asked.aborting.signal.aborted) return;
    const { context, counters } = this.#options;
    counters.requestsFailed += 1;
    this.#failures += 1;
    const error = asCallError(thrown, 'backend_refused');
    context.log.warn('upstream.failed', { code: error.code });
    const isFinal = thrown instanceof TranscriptionFault && !thrown.again;
    if (isFinal || this.#failures >= failureLimit) this.#fail(error);
    else this.#settle(asked, '', false);
  }

  #settle(asked: Asked, text: string, complete: boolean): void {
    if (this.#closed || asked.text !== null) return;
    asked.timer?.cancel();
    asked.text = text;
    asked.complete = complete;
    let [first] = this.#asked;
    while (first !== undefined && first.text !== null) {
      this.#asked.shift();
      this.#answer(first, first.text);
      [first] = this.#asked;
    }
  }

  #answer({ finishId, complete, audioMs }: Asked, text: string): void {
    const { counters } = this.#options;
    counters.finals += 1;
    if (!complete) counters.finalsIncomplete += 1;
    this.#emit({ type: 'final', finishId, text, words: null, complete });
    if (audioMs > 0) this.#emit({ type: 'usage', audioMs });
  }

  #emit(event: SpeechToTextEvent): void {
    if (this.#closed) return;
    if (this.#queue.size < eventLimit) {
      this.#queue.push(event);
      return;
    }
    this.#options.counters.eventsOverflowed += 1;
    this.#fail(new CallError('queue_overflow', `${eventLimit} events that nobody takes`));
  }

  #fail(error: CallError): void {
    if (this.#closed) return;
    this.#queue.push({ type: 'failed', error });
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#options.counters.sessionsOpen -= 1;
    for (const { aborting, timer } of this.#asked) {
      timer?.cancel();
      aborting.abort(new CallError('backend_closed', 'the session is over'));
    }
    this.#asked = [];
    this.clear();
    this.#queue.close();
    this.#options.onClosed();
  }
}
