import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechEvent, SpeechPiece, Utterance } from '../../../../src/ports/text-to-speech.ts';
import { BoundedQueue } from '../../../../src/streams/bounded-queue.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import type { VoiceCounters } from './voice-counters.ts';
import type { VoiceCustomer, VoiceDispatcher, VoiceJob } from './voice-dispatcher.ts';

/** Longest text of one piece, characters: about two minutes of speech. */
const longestPieceChars = 2000;
/** Most events that wait for the reader of one utterance. */
const eventLimit = 1024;

export interface LocalUtteranceOptions {
  readonly dispatcher: VoiceDispatcher;
  readonly counters: VoiceCounters;
  readonly clock: Clock;
  readonly voice: string | null;
  readonly rateHz: number;
  /** Makes text what the engine can read. */
  readonly readable: (text: string) => string;
  /** It is over, however it ended. Called once. */
  readonly onOver: () => void;
}

/** Pieces of one stretch of speech on their way through the thread. */
export class LocalUtterance implements Utterance, VoiceCustomer {
  readonly jobs: VoiceJob[] = [];
  readonly events: BoundedQueue<SpeechEvent>;
  readonly #options: LocalUtteranceOptions;
  #open = 0;
  #ended = false;
  #over = false;

  constructor(options: LocalUtteranceOptions) {
    this.#options = options;
    this.events = new BoundedQueue({ limit: eventLimit, overflow: 'fail' });
    options.counters.utterances += 1;
  }

  say({ pieceId, text }: SpeechPiece): void {
    if (this.#over || this.#ended) return;
    if (text.length > longestPieceChars) {
      const message = `a piece of text may have ${longestPieceChars} characters, has ${text.length}`;
      this.fail(new CallError('invalid_value', message));
      return;
    }
    const { dispatcher, clock, voice, rateHz, readable } = this.#options;
    this.#open += 1;
    const job: VoiceJob = {
      text: readable(text),
      voice,
      rateHz,
      askedAtMs: clock.nowMs(),
      onAudio: (bytes) => this.#tell({ type: 'audio', bytes, pieceId }),
      onDone: () => this.#pieceDone(pieceId),
      onFail: (error) => this.fail(error),
    };
    try {
      dispatcher.add(this, job);
    } catch (error) {
      this.fail(error as CallError);
    }
  }

  end(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    this.#finish();
  }

  cancel(): void {
    if (this.#over) return;
    this.#options.counters.cancelledUtterances += 1;
    this.#leave();
    this.events.drain();
    this.events.close();
  }

  fail(error: CallError): void {
    if (this.#over) return;
    this.#options.counters.failedUtterances += 1;
    this.#leave();
    // Room for the last word, whatever waits.
    if (this.events.size >= eventLimit) this.events.drain();
    this.events.push({ type: 'failed', error });
    this.events.close();
  }

  #pieceDone(pieceId: number): void {
    this.#open -= 1;
    this.#tell({ type: 'piece.done', pieceId });
    this.#finish();
  }

  #finish(): void {
    if (this.#over || !this.#ended || this.#open > 0) return;
    this.#tell({ type: 'done' });
    this.#leave();
    this.events.close();
  }

  #tell(event: SpeechEvent): void {
    if (this.#over) return;
    const result = this.events.push(event);
    // A reader that left has no use for the rest.
    if (result === 'closed') this.cancel();
    if (result === 'failed') {
      const message = `the reader of an utterance is ${eventLimit} events behind`;
      this.fail(new CallError('queue_overflow', message));
    }
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.dispatcher.remove(this);
    this.#options.onOver();
  }
}
