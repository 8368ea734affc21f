import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type { SpeechEvent, SpeechPiece, Utterance } from '../../../../src/ports/text-to-speech.ts';
import { BoundedQueue } from '../../../../src/streams/bounded-queue.ts';

/** Asks for one piece's audio: whole samples, in order. Aborting the signal ends the request. */
export type RequestPiece = (piece: SpeechPiece, signal: AbortSignal) => AsyncIterable<Uint8Array>;

/** What voices with a request a piece count; names of their figures. */
export interface PieceCounters {
  utterancesStarted: number;
  utterancesCompleted: number;
  utterancesCancelled: number;
  utterancesFailed: number;
  piecesRequested: number;
  /** UTF-16 code units, as sent. */
  charactersSent: number;
  audioBytes: number;
}

export function zeroPieceCounters(): PieceCounters {
  return {
    utterancesStarted: 0,
    utterancesCompleted: 0,
    utterancesCancelled: 0,
    utterancesFailed: 0,
    piecesRequested: 0,
    charactersSent: 0,
    audioBytes: 0,
  };
}

export interface PieceUtteranceOptions {
  readonly request: RequestPiece;
  /** Requests at once, the one that is heard among them (a count, from 1). */
  readonly requestsAhead: number;
  readonly counters: PieceCounters;
  /** Once, when it is over for whatever reason. */
  readonly onEnd: () => void;
}

/** Pieces that wait for their request (a count): several minutes of speech. */
const pieceLimit = 256;
/** Events that wait for their reader (a count). */
const eventLimit = 8192;
/** Audio of a piece that comes before its turn, bytes: 40 s at 24 kHz; then it is read no further. */
const aheadLimitBytes = 2 * 1024 * 1024;

/** A piece on its way, and its audio as far as it came before its turn. */
interface Underway {
  readonly piece: SpeechPiece;
  readonly early: Uint8Array[];
  earlyBytes: number;
  isWhole: boolean;
  error: CallError | null;
  /** Settled and made anew whenever something changed. */
  changed: PromiseWithResolvers<null>;
  /** Its audio is wanted now: it is handed on as it comes. */
  isHeard: boolean;
}

/**
 * An utterance of a voice that takes whole texts: a request for each piece, the next ones begun while
 * one is heard, audio in the order of the pieces.
 */
export class PieceUtterance implements Utterance {
  readonly events = new BoundedQueue<SpeechEvent>({ limit: eventLimit, overflow: 'fail' });
  readonly #options: PieceUtteranceOptions;
  readonly #stop = new AbortController();
  readonly #waiting: SpeechPiece[] = [];
  readonly #underway: Underway[] = [];
  #hasEnd = false;
  #isOver = false;

  constructor(options: PieceUtteranceOptions) {
    this.#options = options;
    options.counters.utterancesStarted += 1;
  }

  say(piece: SpeechPiece): void {
    if (this.#isOver || this.#hasEnd) return;
    if (this.#waiting.length >= pieceLimit) {
      this.#fail(new CallError('queue_overflow', `${pieceLimit} pieces wait to be spoken`));
      return;
    }
    this.#waiting.push(piece);
    this.#advance();
  }

  end(): void {
    if (this.#isOver || this.#hasEnd) return;
    this.#hasEnd = true;
    this.#advance();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#options.counters.utterancesCancelled += 1;
    this.#over();
    this.events.drain();
    this.events.close();
  }

  /** Begins what may begin, and ends when nothing is left. */
  #advance(): void {
    const { requestsAhead } = this.#options;
    while (this.#waiting.length > 0 && this.#underway.length < requestsAhead) {
      this.#begin(this.#waiting.shift()!);
    }
    const [head] = this.#underway;
    if (head !== undefined) {
      this.#hear(head);
      return;
    }
    if (!this.#hasEnd || this.#isOver) return;
    this.#options.counters.utterancesCompleted += 1;
    this.#push({ type: 'done' });
    this.#over();
    this.events.close();
  }

  #begin(piece: SpeechPiece): void {
    const one: Underway = {
      piece,
      early: [],
      earlyBytes: 0,
      isWhole: false,
      error: null,
      changed: Promise.withResolvers(),
      isHeard: false,
    };
    this.#underway.push(one);
    if (piece.text.trim() === '') {
      one.isWhole = true;
      return;
    }
    const { counters } = this.#options;
    counters.piecesRequested += 1;
    counters.charactersSent += piece.text.length;
    this.#read(one)
      .then(
        () => (one.isWhole = true),
        (thrown: unknown) => (one.error = asCallError(thrown, 'backend_closed')),
      )
      .finally(() => {
        if (one.isHeard && !this.#isOver) this.#finish(one);
      });
  }

  async #read(one: Underway): Promise<void> {
    for await (const bytes of this.#options.request(one.piece, this.#stop.signal)) {
      if (this.#isOver) return;
      if (bytes.byteLength === 0) continue;
      this.#options.counters.audioBytes += bytes.byteLength;
      if (one.isHeard) {
        this.#push({ type: 'audio', bytes, pieceId: one.piece.pieceId });
        continue;
      }
      one.early.push(bytes);
      one.earlyBytes += bytes.byteLength;
      // Not taking more is what holds the server back.
      if (one.earlyBytes >= aheadLimitBytes) await one.changed.promise;
    }
  }

  /** It is this piece's turn. */
  #hear(one: Underway): void {
    if (one.isHeard) return;
    one.isHeard = true;
    const { pieceId } = one.piece;
    for (const bytes of one.early.splice(0)) this.#push({ type: 'audio', bytes, pieceId });
    one.changed.resolve(null);
    if (one.isWhole || one.error !== null) this.#finish(one);
  }

  #finish(one: Underway): void {
    if (one.error !== null) {
      this.#fail(one.error);
      return;
    }
    this.#push({ type: 'piece.done', pieceId: one.piece.pieceId });
    this.#underway.shift();
    this.#advance();
  }

  #push(event: SpeechEvent): void {
    if (this.#isOver || this.events.push(event) !== 'failed') return;
    this.events.drain();
    this.#fail(new CallError('queue_overflow', `${eventLimit} speech events wait to be read`));
  }

  #fail(error: CallError): void {
    if (this.#isOver) return;
    this.#options.counters.utterancesFailed += 1;
    this.events.push({ type: 'failed', error });
    this.#over();
    this.events.close();
  }

  #over(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    for (const one of this.#underway.splice(0)) one.changed.resolve(null);
    this.#stop.abort();
    this.#options.onEnd();
  }
}
