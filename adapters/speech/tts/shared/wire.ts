import type { WordTime } from '../../../../src/ports/conversation.ts';
import { CallError } from '../../../../src/ports/errors.ts';
import type { Logger } from '../../../../src/ports/log.ts';
import type {
  SpeechPiece,
  TextToSpeechCapabilities,
} from '../../../../src/ports/text-to-speech.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import type { VoiceCounters } from './counters.ts';

/** How an utterance is to sound; what it left open is filled in. */
export interface WantedVoice {
  readonly voice: string;
  /** BCP 47; `null` = the voice's own. */
  readonly language: string | null;
  readonly rateHz: number;
}

/** What a wire tells of one utterance. Calls after its end are ignored. */
export interface SpeechSink {
  /** Audio given so far of this utterance, ms. */
  soundedMs(): number;
  /** Bytes of PCM16, cut anywhere. */
  audio(bytes: Uint8Array, pieceId: number | null): void;
  /** ms from the utterance's first sample. */
  words(words: readonly WordTime[]): void;
  pieceDone(pieceId: number): void;
  done(): void;
  failed(error: CallError): void;
}

/** What an utterance tells its wire. */
export interface WireSpeech {
  say(piece: SpeechPiece): void;
  end(): void;
  /**
   * Stops it upstream. Nothing is told of it afterwards.
   *
   * @param spoken to be called once, with the text that was heard or `null` where that is not told;
   *   at the latest when the wire is closed
   * @returns `keep`, or `drop` where only the end of the connection stops it
   */
  stop(heardMs: number | null, spoken: (text: string | null) => void): 'keep' | 'drop';
  /**
   * Pieces that another connection can speak without repeating anything, though some of it has
   * sounded; `null` where that cannot be told.
   */
  readonly unspoken: readonly SpeechPiece[] | null;
}

/** A vendor's protocol on one connection. */
export interface VoiceWire {
  /** Another utterance can begin. */
  readonly free: boolean;
  /** No utterance can begin soon, or well: another connection is better. */
  readonly worn: boolean;
  begin(wanted: WantedVoice, sink: SpeechSink): WireSpeech;
  /** @throws CallError `backend_protocol` when the upstream broke its rules */
  hear(message: Buffer, isBinary: boolean): void;
  /** Says something that resets the upstream's patience with open utterances. */
  keepAlive?(): void;
  /** Frees its timers. */
  close(): void;
}

/** What a wire is made with. */
export interface WireHost {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: VoiceCounters;
  readonly secret: string | null;
  send(message: object): void;
  /** `free` may have become true. */
  freed(): void;
  /** The connection is of no use any more. */
  broken(error: CallError): void;
}

/** What sets one vendor's voice apart from another's. */
export interface VoiceKind {
  readonly type: string;
  readonly capabilities: TextToSpeechCapabilities;
  /** For utterances that name none. */
  readonly voice: string;
  readonly language: string | null;
  /** Address of a connection for such utterances; the same one serves all of the same address. */
  urlOf(wanted: WantedVoice): string;
  headersOf(secret: string | null): Readonly<Record<string, string>>;
  /** Why it cannot speak so; `null` where it can. */
  refuses?(wanted: WantedVoice): CallError | null;
  createWire(host: WireHost): VoiceWire;
  /** A connection without an utterance is exchanged after this long, ms. */
  readonly idleMs: number;
  /** Longest life of a connection, ms; `null` where there is no limit. */
  readonly capMs: number | null;
  /** Between two signs of life while an utterance is open, ms. */
  readonly keepAliveMs: number;
  /** A second connection stands ready, because stopping costs the first. */
  readonly keepsSpare: boolean;
}

/**
 * Reads a JSON message.
 *
 * @throws CallError `backend_protocol` when it is no JSON object; the message quotes nothing of it
 */
export function parseObject(message: Buffer): Readonly<Record<string, unknown>> {
  let raw: unknown;
  try {
    raw = JSON.parse(message.toString('utf8'));
  } catch {
    throw new CallError('backend_protocol', 'the upstream sent what is not JSON');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new CallError('backend_protocol', 'the upstream sent JSON that is no object');
  }
  return raw as Readonly<Record<string, unknown>>;
}

/** A piece's text, parted from what follows: vendors join texts as they come. */
export function parted(text: string): string {
  return text === '' || /\s$/.test(text) ? text : `${text} `;
}
