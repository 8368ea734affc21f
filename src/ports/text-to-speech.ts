import type { AudioFormat } from '../audio/format.ts';
import type { Incoming } from '../streams/bounded-queue.ts';
import type { Clock } from '../time/clock.ts';
import type { WordTime } from './conversation.ts';
import type { CallError } from './errors.ts';
import type { Logger } from './log.ts';

/** What a voice can do, as data. */
export interface TextToSpeechCapabilities {
  /** Text may come in pieces while it already speaks; else each piece is a request of its own. */
  readonly inputStreaming: boolean;
  /** Utterances that can be spoken at once in one session (a count). */
  readonly contexts: number;
  /** How an utterance is stopped. */
  readonly cancel: 'context' | 'clear' | 'interrupt' | 'reconnect' | 'abort';
  readonly timing: 'word' | 'character' | 'none';
  /** When it was stopped it says itself which text was spoken. */
  readonly spokenText: boolean;
  /** Voices it has: names, `any` where it takes whatever it is given, `null` where it has one. */
  readonly voices: readonly string[] | 'any' | null;
  /** Our style names → its own; empty where it has none. */
  readonly styles: Readonly<Record<string, string>>;
  /** Formats it gives, preferred first. */
  readonly outputFormats: readonly AudioFormat[];
  readonly sessionCapMs: number | null;
}

/** A stretch of the piece's text that is spoken in a style, UTF-16 positions. */
export interface SpokenStyle {
  readonly style: string;
  readonly start: number;
  readonly end: number;
}

/** Text to speak in one go: a clause, already in words. */
export interface SpeechPiece {
  /** Grows within the utterance. */
  readonly pieceId: number;
  readonly text: string;
  readonly styles: readonly SpokenStyle[];
  /** No more text comes for now: speak what is there. */
  readonly flush: boolean;
}

/**
 * What comes of an utterance, in order of its audio. Positions are ms from the utterance's first
 * sample. `done` or `failed` is last, unless it was cancelled.
 */
export type SpeechEvent =
  /** Whole samples. `pieceId` where it is known which piece they belong to. */
  | { readonly type: 'audio'; readonly bytes: Uint8Array; readonly pieceId: number | null }
  /** Times of spoken words of a piece, in order; they may come before or after their audio. */
  | { readonly type: 'words'; readonly words: readonly WordTime[]; readonly pieceId: number | null }
  /** All audio of this piece has come. Only where pieces are told apart. */
  | { readonly type: 'piece.done'; readonly pieceId: number }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly error: CallError };

/** One stretch of agent speech: pieces in, audio out, in the order of the pieces. */
export interface Utterance {
  /** Never throws, never blocks; ignored after `end` or `cancel`. */
  say(piece: SpeechPiece): void;
  /** No piece follows. */
  end(): void;
  /**
   * Stops it upstream and ends the events at once; nothing of it comes any more. Idempotent.
   *
   * @param heardMs how much of it was heard, where that is known: ms from its first sample
   */
  cancel(heardMs?: number): void;
  /**
   * Where the voice has `spokenText`: after `cancel`, which text was heard, in the voice's words;
   * `null` where it does not say, and after an end without `cancel`. Never rejects.
   */
  readonly spoken?: Promise<string | null>;
  readonly events: Incoming<SpeechEvent>;
}

export interface UtteranceOptions {
  readonly voice: string | null;
  readonly language: string | null;
  readonly format: AudioFormat;
}

export interface TextToSpeechContext {
  readonly callId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One call's connection to a voice, kept ready between utterances. */
export interface TextToSpeechSession {
  speak(options: UtteranceOptions): Utterance;
  /** Settles with the fault when the session is lost between utterances and cannot be had again. */
  readonly lost: Promise<CallError | null>;
  /** Idempotent. */
  close(): void;
}

/** Turns words into speech. */
export interface TextToSpeechPort {
  readonly type: string;
  readonly capabilities: TextToSpeechCapabilities;
  prepare(signal: AbortSignal): Promise<void>;
  open(context: TextToSpeechContext, signal: AbortSignal): Promise<TextToSpeechSession>;
  figures(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
