import type { AudioFormat } from '../../../../src/audio/format.ts';
import { CallError } from '../../../../src/ports/errors.ts';
import type {
  TextToSpeechCapabilities,
  TextToSpeechContext,
  TextToSpeechPort,
  TextToSpeechSession,
  Utterance,
  UtteranceOptions,
} from '../../../../src/ports/text-to-speech.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import { EngineThread } from './engine-thread.ts';
import { LocalUtterance } from './local-utterance.ts';
import { zeroVoiceCounters } from './voice-counters.ts';
import { VoiceDispatcher } from './voice-dispatcher.ts';
import type { VoiceReady, VoiceReply, VoiceRequest } from './voice-link.ts';

/** Utterances that one session may have open. */
const contexts = 8;

export interface LocalVoiceLimits {
  /** Most pieces that wait for the thread, of all calls together. */
  readonly queueLimitPieces: number;
  /** Longest time the thread may take over a piece before it counts as lost, ms. */
  readonly pieceTimeoutMs: number;
  /** Longest time from the thread's start to its first word, ms. */
  readonly startTimeoutMs: number;
}

const defaultLimits = {
  queueLimitPieces: 256,
  pieceTimeoutMs: 30_000,
  startTimeoutMs: 60_000,
} as const satisfies LocalVoiceLimits;

export interface LocalVoiceOptions {
  readonly type: string;
  readonly clock: Clock;
  readonly worker: URL;
  /** What the thread is started with. Rejects with `CallError` when that cannot be had. */
  readonly start: () => Promise<unknown>;
  /** What is believed of the engine until it has told. */
  readonly expected: VoiceReady;
  /** Voice of utterances that name none; `null`: the engine's first. */
  readonly voice: string | null;
  readonly readable: (text: string) => string;
  readonly limits?: Partial<LocalVoiceLimits>;
}

/** A synthesiser in a thread of its own that all calls share. */
export class LocalVoice implements TextToSpeechPort {
  readonly type: string;
  readonly #options: LocalVoiceOptions;
  readonly #counters = zeroVoiceCounters();
  readonly #dispatcher: VoiceDispatcher;
  readonly #thread: EngineThread<VoiceRequest, VoiceReady, VoiceReply>;
  readonly #sessions = new Set<LocalVoiceSession>();
  #ready: VoiceReady;

  constructor(options: LocalVoiceOptions) {
    this.type = options.type;
    this.#options = options;
    this.#ready = options.expected;
    const limits = { ...defaultLimits, ...options.limits };
    this.#thread = new EngineThread({
      name: options.type,
      worker: options.worker,
      clock: options.clock,
      start: options.start,
      startTimeoutMs: limits.startTimeoutMs,
      onReady: (ready) => (this.#ready = ready),
      onReply: (reply) => this.#dispatcher.take(reply),
      onLost: (error) => this.#lost(error),
    });
    this.#dispatcher = new VoiceDispatcher({
      clock: options.clock,
      counters: this.#counters,
      queueLimitPieces: limits.queueLimitPieces,
      pieceTimeoutMs: limits.pieceTimeoutMs,
      send: (request) => this.#thread.send(request),
      onStall: (reason) => this.#thread.lose(reason),
    });
  }

  /** Its rate and voices are the engine's own once it is prepared, what is expected of it before. */
  get capabilities(): TextToSpeechCapabilities {
    return {
      inputStreaming: false,
      contexts,
      cancel: 'abort',
      timing: 'none',
      spokenText: false,
      voices: this.#ready.voices,
      styles: {},
      // Other rates cost a conversion in the thread.
      outputFormats: ratesFrom(this.#ready.rateHz),
      sessionCapMs: null,
    };
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.#thread.prepare(signal);
  }

  /** Starts the thread when it is not there. */
  async open(context: TextToSpeechContext, signal: AbortSignal): Promise<TextToSpeechSession> {
    await this.#thread.prepare(signal);
    const session: LocalVoiceSession = new LocalVoiceSession({
      makeUtterance: (options, onOver) => this.#utterance(context, options, onOver),
      refusal: (options) => this.#refusal(options),
      onClose: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  figures(): Readonly<Record<string, number>> {
    const { queued } = this.#dispatcher;
    const sessions = this.#sessions.size;
    return { ...this.#thread.figures(), sessions, queuedPieces: queued, ...this.#counters };
  }

  async close(): Promise<void> {
    for (const session of [...this.#sessions]) session.close();
    await this.#thread.close();
  }

  #utterance(
    { clock }: TextToSpeechContext,
    { voice, format }: UtteranceOptions,
    onOver: () => void,
  ): LocalUtterance {
    return new LocalUtterance({
      dispatcher: this.#dispatcher,
      counters: this.#counters,
      clock,
      voice: voice ?? this.#options.voice,
      rateHz: format.rateHz,
      readable: this.#options.readable,
      onOver,
    });
  }

  /** Why it cannot speak like that. */
  #refusal({ voice, format }: UtteranceOptions): CallError | null {
    const { voices } = this.#ready;
    if (format.codec !== 'pcm16') {
      const message = `${this.type} speaks pcm16, not ${format.codec}`;
      return new CallError('unsupported_by_backend', message);
    }
    if (voice !== null && voices !== null && !voices.includes(voice)) {
      const message = `${this.type} has no voice of that name; it has ${voices.join(', ')}`;
      return new CallError('invalid_value', message, { param: 'voice' });
    }
    return null;
  }

  #lost(error: CallError): void {
    this.#dispatcher.fail(error);
    for (const session of [...this.#sessions]) session.lose(error);
  }
}

interface SessionOptions {
  readonly makeUtterance: (options: UtteranceOptions, onOver: () => void) => LocalUtterance;
  readonly refusal: (options: UtteranceOptions) => CallError | null;
  readonly onClose: () => void;
}

class LocalVoiceSession implements TextToSpeechSession {
  readonly lost: Promise<CallError | null>;
  readonly #options: SessionOptions;
  readonly #settle: (error: CallError | null) => void;
  readonly #utterances = new Set<LocalUtterance>();
  #over: CallError | 'closed' | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { promise, resolve }: PromiseWithResolvers<CallError | null> = Promise.withResolvers();
    this.lost = promise;
    this.#settle = resolve;
  }

  speak(options: UtteranceOptions): Utterance {
    const utterance: LocalUtterance = this.#options.makeUtterance(options, () =>
      this.#utterances.delete(utterance),
    );
    const refusal = this.#refusal(options);
    if (refusal === null) this.#utterances.add(utterance);
    else utterance.fail(refusal);
    return utterance;
  }

  #refusal(options: UtteranceOptions): CallError | null {
    if (this.#over === 'closed') {
      return new CallError('backend_closed', 'the voice session is over');
    }
    if (this.#over !== null) return this.#over;
    if (this.#utterances.size >= contexts) {
      const message = `${contexts} utterances of this call are open already`;
      return new CallError('backend_overloaded', message);
    }
    return this.#options.refusal(options);
  }

  lose(error: CallError): void {
    if (this.#over !== null) return;
    this.#over = error;
    this.#options.onClose();
    for (const utterance of [...this.#utterances]) utterance.fail(error);
    this.#settle(error);
  }

  close(): void {
    if (this.#over !== null) return;
    this.#over = 'closed';
    this.#options.onClose();
    for (const utterance of [...this.#utterances]) utterance.cancel();
    this.#settle(null);
  }
}

function ratesFrom(ownHz: number): readonly AudioFormat[] {
  const rates = new Set([ownHz, 16_000, 24_000, 8000, 48_000]);
  return [...rates].map((rateHz) => ({ codec: 'pcm16', rateHz }));
}
