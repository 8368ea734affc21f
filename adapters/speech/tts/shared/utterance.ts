import { samplesToMs } from '../../../../src/audio/format.ts';
import { CallError } from '../../../../src/ports/errors.ts';
import type { SpeechEvent, SpeechPiece, Utterance } from '../../../../src/ports/text-to-speech.ts';
import { BoundedQueue } from '../../../../src/streams/bounded-queue.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import type { VoiceCounters } from './counters.ts';
import { StallTimer } from './stall-timer.ts';
import { WholeSamples } from './whole-samples.ts';
import type { SpeechSink, VoiceWire, WantedVoice, WireSpeech } from './wire.ts';
import { WordBook } from './word-book.ts';

/** Events that may wait for the consumer (a count): two minutes of audio in pieces of 40 ms. */
const eventLimit = 3000;
/** Text of one utterance, UTF-16 code units: it is kept until something has sounded. */
const textLimit = 40_000;

export interface UtteranceHost {
  readonly clock: Clock;
  readonly counters: VoiceCounters;
  readonly firstAudioTimeoutMs: number;
  readonly stallTimeoutMs: number;
  /** It is over; `drop`: its connection has to go, so that it falls silent. Called once. */
  over(utterance: SpokenUtterance, connection: 'keep' | 'drop'): void;
  /** Something of it came. */
  sounded(): void;
  /** Its connection does not answer. */
  stalled(utterance: SpokenUtterance): void;
}

/** One utterance, on whichever connection speaks it. */
export class SpokenUtterance implements Utterance {
  readonly wanted: WantedVoice;
  readonly events = new BoundedQueue<SpeechEvent>({ limit: eventLimit + 1, overflow: 'fail' });
  readonly #host: UtteranceHost;
  readonly #spoken = Promise.withResolvers<string | null>();
  readonly #words = new WordBook();
  readonly #samples: WholeSamples;
  readonly #stall: StallTimer;
  /** What a new connection would have to be told. */
  #pieces: SpeechPiece[] = [];
  #characters = 0;
  #ended = false;
  #over = false;
  #respoken = false;
  #soundedSamples = 0;
  /** Audio or words of it were given away: beginning again would give them twice. */
  #hasTold = false;
  #wasStopped = false;
  /** Text was sent that is to be spoken without waiting for more. */
  #isDue = false;
  #speech: WireSpeech | null = null;

  constructor(wanted: WantedVoice, host: UtteranceHost) {
    this.wanted = wanted;
    this.#host = host;
    this.#samples = new WholeSamples(host.counters);
    this.#stall = new StallTimer(host.clock, () => host.stalled(this));
    host.counters.utterancesStarted += 1;
  }

  get isOver(): boolean {
    return this.#over;
  }

  get spoken(): Promise<string | null> {
    return this.#spoken.promise;
  }

  say(piece: SpeechPiece): void {
    if (this.#over || this.#ended) return;
    this.#characters += piece.text.length;
    if (this.#characters > textLimit) {
      this.#host.counters.queueOverflows += 1;
      this.#stopWith(
        new CallError('queue_overflow', `an utterance has at most ${textLimit} characters`),
      );
      return;
    }
    this.#pieces.push(piece);
    this.#words.add(piece.pieceId, piece.text);
    this.#tell(piece);
    this.#watch();
  }

  end(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    this.#speech?.end();
    this.#watch();
  }

  cancel(heardMs?: number): void {
    if (this.#over) return;
    this.#host.counters.utterancesCancelled += 1;
    const connection = this.#stopUpstream(heardMs ?? null);
    this.events.drain();
    this.#finish(connection);
  }

  /** Its turn has come: this wire speaks it from now on. */
  speakOn(wire: VoiceWire): void {
    const speech = wire.begin(this.wanted, this.#sink());
    this.#speech = speech;
    for (const piece of this.#pieces) this.#tell(piece);
    if (this.#ended) speech.end();
    this.#watch();
  }

  /**
   * Its connection is gone.
   *
   * @returns whether it is to be spoken on another one; else it has failed
   */
  lost(error: CallError): boolean {
    const isFresh = !this.#hasTold;
    const rest = isFresh ? this.#pieces : (this.#speech?.unspoken ?? null);
    this.#speech = null;
    this.#samples.end();
    this.#stall.cancel();
    if (this.#over) return false;
    if (rest === null || (isFresh && this.#respoken)) {
      this.fail(error);
      return false;
    }
    if (isFresh) {
      this.#respoken = true;
      this.#host.counters.utterancesRespoken += 1;
    }
    this.#pieces = [...rest];
    return true;
  }

  /** It cannot be spoken (any more). */
  fail(error: CallError): void {
    if (this.#over) return;
    this.#host.counters.utterancesFailed += 1;
    this.events.push({ type: 'failed', error });
    this.#finish('keep');
  }

  #tell(piece: SpeechPiece): void {
    if (this.#speech === null) return;
    this.#host.counters.charactersSent += piece.text.length;
    this.#speech.say(piece);
  }

  #sink(): SpeechSink {
    return {
      soundedMs: () => this.#soundedMs,
      audio: (bytes, pieceId) => this.#hear(bytes, pieceId),
      words: (words) => {
        this.#hasTold = true;
        for (const part of this.#words.take(words)) this.#emit({ type: 'words', ...part });
      },
      pieceDone: (pieceId) => this.#emit({ type: 'piece.done', pieceId }),
      done: () => {
        if (this.#over) return;
        this.#samples.end();
        this.#host.counters.utterancesDone += 1;
        this.events.push({ type: 'done' });
        this.#finish('keep');
      },
      failed: (error) => this.fail(error),
    };
  }

  #hear(bytes: Uint8Array, pieceId: number | null): void {
    if (this.#over) return;
    const whole = this.#samples.take(bytes);
    if (whole.byteLength === 0) return;
    if (this.#soundedSamples === 0) this.#host.sounded();
    this.#hasTold = true;
    this.#soundedSamples += whole.byteLength / 2;
    this.#host.counters.audioSamples += whole.byteLength / 2;
    this.#watch();
    this.#emit({ type: 'audio', bytes: whole, pieceId });
  }

  #emit(event: SpeechEvent): void {
    if (this.#over) return;
    if (this.events.size < eventLimit) {
      this.events.push(event);
      return;
    }
    this.#host.counters.queueOverflows += 1;
    this.#stopWith(new CallError('queue_overflow', `${eventLimit} speech events were not taken`));
  }

  /** Fails, and stops what still speaks. */
  #stopWith(error: CallError): void {
    const connection = this.#stopUpstream(null);
    this.#host.counters.utterancesFailed += 1;
    this.events.push({ type: 'failed', error });
    this.#finish(connection);
  }

  #stopUpstream(heardMs: number | null): 'keep' | 'drop' {
    const heard = heardMs === null ? null : Math.min(heardMs, this.#soundedMs);
    if (this.#speech === null) return 'keep';
    this.#wasStopped = true;
    return this.#speech.stop(heard, (text) => this.#spoken.resolve(text));
  }

  get #soundedMs(): number {
    return samplesToMs(this.#soundedSamples, this.wanted.rateHz);
  }

  #watch(): void {
    const { firstAudioTimeoutMs, stallTimeoutMs } = this.#host;
    const isSilent = this.#soundedSamples === 0;
    const mayWait = this.#speech === null || this.#pieces.length === 0;
    const isDue = this.#ended || (isSilent && this.#pieces.some(({ flush }) => flush));
    if (this.#over || mayWait || !isDue) {
      this.#isDue = false;
      this.#stall.cancel();
    } else if (!isSilent) this.#stall.within(stallTimeoutMs);
    else if (!this.#isDue) {
      // What is said later does not put the first audio off.
      this.#isDue = true;
      this.#stall.within(firstAudioTimeoutMs);
    }
  }

  #finish(connection: 'keep' | 'drop'): void {
    this.#over = true;
    this.#stall.cancel();
    this.#pieces = [];
    if (!this.#wasStopped) this.#spoken.resolve(null);
    this.events.close();
    this.#host.over(this, connection);
    this.#speech = null;
  }
}
