import { bytesPerSample, msToSamples, pcm24k } from '../../../src/audio/format.ts';
import type { AudioFormat } from '../../../src/audio/format.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type {
  LanguageModelPort,
  ModelEvent,
  ModelRequest,
} from '../../../src/ports/language-model.ts';
import type {
  SpeechToTextCapabilities,
  SpeechToTextEvent,
  SpeechToTextPort,
  SpeechToTextSession,
} from '../../../src/ports/speech-to-text.ts';
import type {
  SpeechEvent,
  SpeechPiece,
  TextToSpeechCapabilities,
  TextToSpeechPort,
  TextToSpeechSession,
  Utterance,
  UtteranceOptions,
} from '../../../src/ports/text-to-speech.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import type { Clock } from '../../../src/time/clock.ts';

/** A recogniser that says what a test tells it to say, or `finalText` after `finalDelayMs`. */
export class ScriptedListener implements SpeechToTextPort {
  readonly type = 'scripted';
  readonly capabilities: SpeechToTextCapabilities;
  readonly sessions: ScriptedListening[] = [];
  readonly #clock: Clock;
  /** Last word on every turn; `null` = the test says it. */
  finalText: string | null = 'hello';
  finalDelayMs = 30;
  /** The next openings that fail (a count). */
  refusals = 0;
  closed = false;

  constructor(clock: Clock, capabilities: Partial<SpeechToTextCapabilities> = {}) {
    this.#clock = clock;
    this.capabilities = {
      partials: true,
      turnEvents: true,
      wordTimes: false,
      finish: 'flush',
      inputFormats: [pcm24k],
      sessionCapMs: null,
      ...capabilities,
    };
  }

  get latest(): ScriptedListening {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error('no session was opened');
    return session;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  open(_context: unknown, signal: AbortSignal): Promise<ScriptedListening> {
    if (signal.aborted) return Promise.reject(new CallError('backend_refused', 'given up'));
    if (this.refusals > 0) {
      this.refusals -= 1;
      return Promise.reject(new CallError('backend_refused', 'the recogniser is full'));
    }
    const session = new ScriptedListening(this, this.#clock);
    this.sessions.push(session);
    return Promise.resolve(session);
  }

  figures(): Record<string, number> {
    return { opened: this.sessions.length };
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

class ScriptedListening implements SpeechToTextSession {
  readonly queue = new BoundedQueue<SpeechToTextEvent>({ limit: 1000, overflow: 'fail' });
  readonly finishes: number[] = [];
  samples = 0;
  clears = 0;
  closed = false;
  readonly #port: ScriptedListener;
  readonly #clock: Clock;

  constructor(port: ScriptedListener, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
  }

  get events(): BoundedQueue<SpeechToTextEvent> {
    return this.queue;
  }

  push(chunk: { readonly samples: number }): void {
    this.samples += chunk.samples;
  }

  finish(finishId: number): void {
    if (finishId <= (this.finishes.at(-1) ?? 0)) throw new Error('ids of finishes must grow');
    this.finishes.push(finishId);
    const { finalText, finalDelayMs } = this.#port;
    if (finalText === null) return;
    this.#clock.timerAt(this.#clock.nowMs() + finalDelayMs, () => this.final(finalText, finishId));
  }

  clear(): void {
    this.clears += 1;
  }

  close(): void {
    this.closed = true;
    this.queue.close();
  }

  say(event: SpeechToTextEvent): void {
    this.queue.push(event);
  }

  partial(text: string, settled = 0): void {
    this.say({ type: 'partial', text, settled });
  }

  final(text: string, finishId = this.finishes.at(-1) ?? 0): void {
    this.say({ type: 'final', finishId, text, words: null, complete: true });
  }

  fail(): void {
    this.say({ type: 'failed', error: new CallError('backend_closed', 'the recogniser is gone') });
    this.queue.close();
  }
}

/** What a scripted model writes: texts come as they are, a number is a pause in ms. */
export type Writing = readonly (string | number | ModelEvent)[];

/** A model that writes what a test tells it to write. */
export class ScriptedModel implements LanguageModelPort {
  readonly type = 'scripted';
  readonly capabilities = { tools: true };
  readonly requests: ModelRequest[] = [];
  readonly warmed: ModelRequest[] = [];
  readonly #clock: Clock;
  /** What is written next; the last one again and again. */
  writings: Writing[] = [[40, 'Well, hello there. ', 20, 'How can I help you?']];
  aborted = 0;
  running = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  warm(request: ModelRequest): void {
    this.warmed.push(request);
  }

  async *write(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    this.requests.push(request);
    const writing = this.writings.length > 1 ? this.writings.shift()! : this.writings[0]!;
    this.running += 1;
    try {
      for (const step of writing) {
        if (typeof step === 'number') await this.#pause(step, signal);
        if (signal.aborted) {
          this.aborted += 1;
          return;
        }
        if (typeof step === 'string') yield { type: 'text', delta: step };
        if (typeof step === 'object') yield step;
      }
      if (
        !signal.aborted &&
        !writing.some((step) => typeof step === 'object' && step.type === 'done')
      ) {
        const usage = { inputTokens: 10, inputCachedTokens: 4, outputTokens: 7 };
        yield { type: 'done', finish: 'stop', usage };
      }
    } finally {
      this.running -= 1;
    }
  }

  figures(): Record<string, number> {
    return { requests: this.requests.length };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve }: PromiseWithResolvers<void> = Promise.withResolvers();
    const timer = this.#clock.timerAt(this.#clock.nowMs() + ms, resolve);
    signal.addEventListener('abort', () => {
      timer.cancel();
      resolve();
    });
    return promise;
  }
}

/** A model's fault, as part of a writing: thrown where it stands. */
export class FailingModel extends ScriptedModel {
  readonly #error: CallError;
  /** Requests that fail from now on (a count). */
  failures: number;

  constructor(clock: Clock, error: CallError, failures = Infinity) {
    super(clock);
    this.#error = error;
    this.failures = failures;
  }

  override async *write(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    if (this.failures <= 0) {
      yield* super.write(request, signal);
      return;
    }
    this.failures -= 1;
    this.requests.push(request);
    await Promise.resolve();
    throw this.#error;
  }
}

export interface ScriptedVoiceOptions extends Partial<TextToSpeechCapabilities> {
  readonly firstAudioMs?: number;
  readonly msPerCharacter?: number;
  /** Audio does not say which piece it is of. */
  readonly anonymous?: boolean;
}

/** A voice: every character of a piece is as long as the next, its samples are the piece's number. */
export class ScriptedVoice implements TextToSpeechPort {
  readonly type = 'scripted';
  readonly capabilities: TextToSpeechCapabilities;
  readonly clock: Clock;
  readonly options: ScriptedVoiceOptions;
  readonly utterances: ScriptedUtterance[] = [];
  readonly sessions: { lose: (error: CallError) => void; closed: boolean }[] = [];
  /** Utterances that fail from now on (a count). */
  failures = 0;

  constructor(clock: Clock, options: ScriptedVoiceOptions = {}) {
    this.clock = clock;
    this.options = options;
    this.capabilities = {
      inputStreaming: true,
      contexts: 4,
      cancel: 'context',
      timing: 'none',
      spokenText: false,
      voices: ['ada', 'bob'],
      styles: {},
      outputFormats: [pcm24k],
      sessionCapMs: null,
      ...options,
    };
  }

  /** Texts given to all utterances, in order. */
  get said(): readonly string[] {
    return this.utterances.flatMap(({ pieces }) => pieces.map(({ text }) => text));
  }

  /** Utterances that are neither over nor cancelled. */
  get speaking(): number {
    return this.utterances.filter(({ over }) => !over).length;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  open(_context: unknown, signal: AbortSignal): Promise<TextToSpeechSession> {
    if (signal.aborted) return Promise.reject(new CallError('backend_refused', 'given up'));
    const lost: PromiseWithResolvers<CallError | null> = Promise.withResolvers();
    const handle = { lose: (error: CallError) => lost.resolve(error), closed: false };
    this.sessions.push(handle);
    return Promise.resolve({
      speak: (options) => {
        if (handle.closed) throw new Error('the session is closed');
        const utterance = new ScriptedUtterance(this, options);
        this.utterances.push(utterance);
        if (this.speaking > this.capabilities.contexts) throw new Error('too many contexts');
        return utterance;
      },
      lost: lost.promise,
      close: () => {
        handle.closed = true;
        for (const utterance of this.utterances) utterance.cancel();
        lost.resolve(null);
      },
    });
  }

  figures(): Record<string, number> {
    return { utterances: this.utterances.length };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const chunkMs = 40;

class ScriptedUtterance implements Utterance {
  readonly options: UtteranceOptions;
  readonly pieces: SpeechPiece[] = [];
  readonly queue = new BoundedQueue<SpeechEvent>({ limit: 100_000, overflow: 'fail' });
  over = false;
  cancelled = false;
  readonly #voice: ScriptedVoice;
  #ended = false;
  #atMs = 0;
  #readyAtMs: number;
  #waiting = 0;

  constructor(voice: ScriptedVoice, options: UtteranceOptions) {
    this.#voice = voice;
    this.options = options;
    this.#readyAtMs = voice.clock.nowMs();
    if (voice.failures > 0) {
      voice.failures -= 1;
      this.fail(new CallError('backend_refused', 'no voice today'));
    }
  }

  get events(): BoundedQueue<SpeechEvent> {
    return this.queue;
  }

  say(piece: SpeechPiece): void {
    if (this.#ended || this.over) return;
    if (piece.pieceId <= (this.pieces.at(-1)?.pieceId ?? -1)) throw new Error('ids must grow');
    this.pieces.push(piece);
    const { clock, options } = this.#voice;
    this.#readyAtMs = Math.max(this.#readyAtMs, clock.nowMs()) + (options.firstAudioMs ?? 20);
    this.#waiting += 1;
    clock.timerAt(this.#readyAtMs, () => this.#speak(piece));
  }

  end(): void {
    this.#ended = true;
    this.#maybeDone();
  }

  cancel(): void {
    if (this.over) return;
    this.cancelled = true;
    this.over = true;
    this.queue.drain();
    this.queue.close();
  }

  /** It comes to nothing. */
  fail(error: CallError): void {
    this.#end({ type: 'failed', error });
  }

  #speak({ text, pieceId }: SpeechPiece): void {
    if (this.over) return;
    const { options, capabilities } = this.#voice;
    const msPerCharacter = options.msPerCharacter ?? 20;
    const fromMs = this.#atMs;
    this.#atMs += text.length * msPerCharacter;
    const told = options.anonymous === true ? null : pieceId;
    if (capabilities.timing !== 'none') {
      const words = [...text.matchAll(/\S+/gu)].map(({ 0: word, index }) => ({
        text: word,
        startMs: fromMs + index * msPerCharacter,
        endMs: fromMs + (index + word.length) * msPerCharacter,
      }));
      if (words.length > 0) this.queue.push({ type: 'words', words, pieceId: told });
    }
    for (let ms = fromMs; ms < this.#atMs; ms += chunkMs) {
      const lengthMs = Math.min(chunkMs, this.#atMs - ms);
      const bytes = silence(this.options.format, lengthMs).fill(pieceId + 1);
      this.queue.push({ type: 'audio', bytes, pieceId: told });
    }
    if (told !== null) this.queue.push({ type: 'piece.done', pieceId });
    this.#waiting -= 1;
    this.#maybeDone();
  }

  #maybeDone(): void {
    if (this.#ended && this.#waiting === 0) this.#end({ type: 'done' });
  }

  #end(event: SpeechEvent): void {
    if (this.over) return;
    this.over = true;
    this.queue.push(event);
    this.queue.close();
  }
}

function silence({ codec, rateHz }: AudioFormat, ms: number): Uint8Array {
  return new Uint8Array(msToSamples(ms, rateHz) * bytesPerSample(codec));
}
