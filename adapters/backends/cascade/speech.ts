import { bytesPerSample, samplesToMs } from '../../../src/audio/format.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { WordTime } from '../../../src/ports/conversation.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type {
  SpeechEvent,
  SpokenStyle,
  Utterance,
  UtteranceOptions,
} from '../../../src/ports/text-to-speech.ts';
import { consume } from './consume.ts';
import type { Counters } from './counters.ts';
import type { CachedPhrase, PhraseCache } from './phrase-cache.ts';
import { SpeechLead } from './speech-lead.ts';
import { SpeechPlan, type LineText, type PlannedPiece } from './speech-plan.ts';
import type { Clause } from './text/clause.ts';
import type { Dropped } from './text/markdown.ts';
import { noStyles } from './text/style-tags.ts';
import { verbalise, type SpeakingOptions } from './text/verbalise.ts';
import type { VoiceDesk } from './voice-desk.ts';

export interface SpeechHost {
  readonly clock: Clock;
  readonly voice: VoiceDesk;
  readonly cache: PhraseCache;
  readonly counters: Counters;
  readonly speaking: SpeakingOptions;
  readonly utterance: UtteranceOptions;
  readonly inBand: boolean;
  /** The voice tells when its words are said. */
  readonly timed: boolean;
  readonly aheadMs: number;
  /** Characters were given to the voice. */
  readonly onSpoken: (characters: number) => void;
  /** This will be said next, and is told before any of its sound. */
  readonly onAhead: (written: string) => void;
  readonly onText: (text: LineText) => void;
  readonly onAudio: (bytes: Uint8Array) => void;
  /** Everything was said. */
  readonly onDone: () => void;
  readonly onFailed: (error: CallError) => void;
}

interface Piece extends PlannedPiece {
  readonly styles: readonly SpokenStyle[];
}

/** One answer's way to a voice: clauses in, text and audio out, while the answer is still written. */
export class Speech {
  readonly #host: SpeechHost;
  readonly #plan: SpeechPlan;
  readonly #lead = new SpeechLead();
  /** Not given to the voice: it is far enough ahead. */
  readonly #waiting: Piece[] = [];
  /** To be said by an utterance that is not had yet. */
  readonly #unsaid: Piece[] = [];
  #utterance: Utterance | null = null;
  #release: () => void = () => undefined;
  #takeBack: (() => void) | null = null;
  #timer: Timer | null = null;
  #styles = noStyles;
  #pieces = 0;
  /** Of the written answer, UTF-16. */
  #writtenTo: number | null = null;
  #audioMs = 0;
  /** Audio before the utterance's own: phrases that were kept. */
  #cachedMs = 0;
  #written = false;
  /** The utterance was told so. */
  #ended = false;
  #over = false;

  constructor(host: SpeechHost) {
    this.#host = host;
    this.#plan = new SpeechPlan(host.timed);
  }

  /** @param answer the whole answer so far, of which the clauses are part */
  say(clauses: readonly Clause[], answer: string): void {
    for (const clause of clauses) this.#waiting.push(this.#prepare(clause, answer));
    this.#pump();
  }

  /** No clause follows. */
  end(): void {
    this.#written = true;
    this.#pump();
  }

  /** Stops the voice at once; nothing comes of it any more. Idempotent. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#takeBack?.();
    this.#utterance?.cancel();
    this.#release();
  }

  #prepare(clause: Clause, answer: string): Piece {
    const { speaking, counters } = this.#host;
    const { text, spans, styles, dropped, open } = verbalise(clause, speaking, this.#styles);
    this.#styles = open;
    counters.textDropped += total(dropped);
    const from = this.#writtenTo ?? clause.start;
    this.#writtenTo = clause.end;
    const pieceId = this.#pieces;
    this.#pieces += 1;
    const written = answer.slice(from, clause.end);
    this.#host.onAhead(written);
    return {
      pieceId,
      written,
      offset: clause.start - from,
      spoken: text,
      spans,
      styles: styles.map(({ style, spokenStart, spokenEnd }) => ({
        style,
        start: spokenStart,
        end: spokenEnd,
      })),
    };
  }

  #pump(): void {
    if (this.#over) return;
    this.#timer?.cancel();
    while (this.#waiting.length > 0) {
      const nowMs = this.#host.clock.nowMs();
      const tooFarMs = this.#lead.aheadMs(nowMs) - this.#host.aheadMs;
      if (tooFarMs > 0) {
        this.#timer = this.#host.clock.timerAt(nowMs + tooFarMs, () => this.#pump());
        return;
      }
      const piece = this.#waiting.shift();
      if (piece !== undefined) this.#give(piece);
      // What is heard of a kept phrase may have ended all.
      if (this.#isOver()) return;
    }
    if (!this.#written) return;
    if (this.#utterance !== null) this.#endUtterance(this.#utterance);
    else if (this.#takeBack === null) this.#finish();
  }

  #give(piece: Piece): void {
    this.#plan.add(piece);
    if (piece.spoken.trim() === '') return;
    const phrase = this.#asked() ? null : this.#phrase(piece);
    if (phrase !== null) {
      this.#play(piece, phrase);
      return;
    }
    this.#lead.asked(piece.spoken.length);
    this.#unsaid.push(piece);
    if (!this.#asked()) this.#ask();
    else this.#sayAll();
  }

  /** Kept phrases are played at the beginning only: there they save time, and nothing comes before. */
  #phrase({ spoken, styles }: Piece): CachedPhrase | null {
    const { cache, utterance } = this.#host;
    return styles.length > 0 ? null : cache.get(utterance, spoken);
  }

  #play(piece: Piece, { bytes, words }: CachedPhrase): void {
    this.#host.counters.phrasesPlayed += 1;
    this.#audio(bytes.slice(), piece.pieceId);
    this.#cachedMs = this.#audioMs;
    const fromMs = this.#cachedMs - this.#msOf(bytes);
    this.#texts(this.#plan.words(later(words, fromMs), piece.pieceId));
    this.#plan.pieceDone(piece.pieceId, this.#audioMs);
  }

  #asked(): boolean {
    return this.#utterance !== null || this.#takeBack !== null;
  }

  #ask(): void {
    const { voice, utterance, inBand } = this.#host;
    const takeBack = voice.ask({
      options: utterance,
      inBand,
      take: (given, release) => {
        this.#takeBack = null;
        this.#utterance = given;
        this.#release = release;
        void this.#listen(given);
        this.#sayAll();
        if (this.#written && this.#waiting.length === 0) this.#endUtterance(given);
      },
    });
    if (this.#utterance === null) this.#takeBack = takeBack;
  }

  #sayAll(): void {
    const utterance = this.#utterance;
    if (utterance === null) return;
    const pieces = this.#unsaid.splice(0);
    const characters = pieces.reduce((sum, { spoken }) => sum + spoken.length, 0);
    if (characters > 0) this.#host.onSpoken(characters);
    for (const [index, { pieceId, spoken, styles }] of pieces.entries()) {
      const flush = index === pieces.length - 1 && this.#waiting.length === 0;
      utterance.say({ pieceId, text: spoken, styles, flush });
    }
  }

  #endUtterance(utterance: Utterance): void {
    if (this.#ended) return;
    this.#ended = true;
    utterance.end();
  }

  async #listen(utterance: Utterance): Promise<void> {
    try {
      await consume(utterance.events, (event) => this.#take(event));
      if (this.#over) return;
      this.#fail(new CallError('backend_protocol', 'the voice stopped without a word'));
    } catch (thrown) {
      this.#fail(asCallError(thrown, 'backend_protocol'));
    }
  }

  /** @returns whether more is wanted */
  #take(event: SpeechEvent): boolean {
    if (this.#over) return false;
    switch (event.type) {
      case 'audio':
        this.#audio(event.bytes, event.pieceId);
        break;
      case 'words':
        this.#texts(this.#plan.words(later(event.words, this.#cachedMs), event.pieceId));
        break;
      case 'piece.done':
        this.#plan.pieceDone(event.pieceId, this.#audioMs);
        break;
      case 'done':
        if (this.#ended) this.#finish();
        else this.#fail(new CallError('backend_protocol', 'the voice ended before the text did'));
        break;
      case 'failed':
        this.#fail(event.error);
    }
    return !this.#isOver();
  }

  #audio(bytes: Uint8Array, pieceId: number | null): void {
    if (bytes.byteLength === 0) return;
    this.#texts(this.#plan.audio(pieceId, this.#audioMs));
    if (this.#isOver()) return;
    this.#audioMs += this.#msOf(bytes);
    this.#lead.came(this.#audioMs, this.#host.clock.nowMs());
    this.#host.onAudio(bytes);
  }

  #texts(texts: readonly LineText[]): void {
    for (const text of texts) if (!this.#over) this.#host.onText(text);
  }

  #finish(): void {
    if (this.#over) return;
    this.#texts(this.#plan.end(this.#audioMs));
    if (this.#isOver()) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#release();
    this.#host.onDone();
  }

  #fail(error: CallError): void {
    if (this.#over) return;
    this.cancel();
    this.#host.onFailed(error);
  }

  #msOf(bytes: Uint8Array): number {
    const { codec, rateHz } = this.#host.utterance.format;
    return samplesToMs(bytes.byteLength / bytesPerSample(codec), rateHz);
  }

  /** A method, because whoever takes what comes out may stop it. */
  #isOver(): boolean {
    return this.#over;
  }
}

function total({ codeLines, images, rules, emoji, styles, addresses }: Dropped): number {
  return codeLines + images + rules + emoji + styles + addresses;
}

function later(words: readonly WordTime[], byMs: number): readonly WordTime[] {
  if (byMs === 0) return words;
  return words.map(({ text, startMs, endMs }) => ({
    text,
    startMs: startMs + byMs,
    endMs: endMs + byMs,
  }));
}
