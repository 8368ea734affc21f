import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type {
  TextToSpeechPort,
  TextToSpeechSession,
  TextToSpeechContext,
  Utterance,
  UtteranceOptions,
} from '../../../src/ports/text-to-speech.ts';
import type { Counters } from './counters.ts';
import type { PartHealth } from './part-health.ts';
import { Reopening } from './reopening.ts';

export interface VoiceDeskOptions {
  readonly port: TextToSpeechPort;
  readonly context: TextToSpeechContext;
  readonly counters: Counters;
  readonly chance: () => number;
  readonly health: PartHealth;
}

/** Somebody who wants to say something. */
export interface VoiceRequest {
  readonly options: UtteranceOptions;
  /** Belongs to the conversation: goes before what runs beside it. */
  readonly inBand: boolean;
  /** It is its turn. `release` is to be called once the utterance is over, however; idempotent. */
  readonly take: (utterance: Utterance, release: () => void) => void;
}

/**
 * One call's voice: gives out utterances, as many at once as the voice can speak, and has its
 * session again when that is lost. Whoever asks meanwhile waits.
 */
export class VoiceDesk {
  readonly #options: VoiceDeskOptions;
  readonly #reopening: Reopening<TextToSpeechSession>;
  #session: TextToSpeechSession | null = null;
  #waiting: VoiceRequest[] = [];
  #speaking = 0;
  #closed = false;

  private constructor(options: VoiceDeskOptions) {
    const { port, context, counters, chance, health } = options;
    this.#options = options;
    this.#reopening = new Reopening({
      clock: context.clock,
      chance,
      health,
      open: (signal) => port.open(context, signal),
      onOpen: (session) => {
        counters.voiceReopened += 1;
        this.#attend(session);
      },
    });
  }

  /** Rejects with `CallError`. */
  static async open(options: VoiceDeskOptions, signal: AbortSignal): Promise<VoiceDesk> {
    const session = await options.port.open(options.context, signal);
    const desk = new VoiceDesk(options);
    desk.#attend(session);
    return desk;
  }

  /** @returns takes the request back while it waits; nothing happens after that */
  ask(request: VoiceRequest): () => void {
    this.#waiting.push(request);
    this.#serve();
    return () => {
      this.#waiting = this.#waiting.filter((waiting) => waiting !== request);
    };
  }

  /** It has said something to its end. */
  worked(): void {
    this.#options.health.worked();
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#reopening.close();
    this.#session?.close();
    this.#session = null;
  }

  #attend(session: TextToSpeechSession): void {
    if (this.#closed) {
      session.close();
      return;
    }
    this.#session = session;
    const lost = (error: CallError | null): void => {
      if (this.#closed || this.#session !== session) return;
      this.#session = null;
      session.close();
      this.#options.counters.voiceLost += 1;
      this.#reopening.lost(error ?? new CallError('backend_closed', 'the voice ended its session'));
    };
    session.lost.then(lost, (thrown: unknown) => lost(asCallError(thrown, 'backend_closed')));
    this.#serve();
  }

  #serve(): void {
    while (this.#session !== null && this.#speaking < this.#options.port.capabilities.contexts) {
      const inBand = this.#waiting.findIndex((request) => request.inBand);
      const [request] = this.#waiting.splice(Math.max(0, inBand), 1);
      if (request === undefined) return;
      this.#speaking += 1;
      let over = false;
      request.take(this.#session.speak(request.options), () => {
        if (over) return;
        over = true;
        this.#speaking -= 1;
        this.#serve();
      });
    }
  }
}
