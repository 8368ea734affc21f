import type {
  RecognisedWord,
  SpeechToTextCapabilities,
  SpeechToTextContext,
} from '../../../../src/ports/speech-to-text.ts';
import type { CallError } from '../../../../src/ports/errors.ts';

/** What a message of a recogniser means. Positions are ms of the audio that this connection was sent. */
export type WireEvent =
  /** Audio is taken from now on. */
  | { readonly type: 'ready' }
  /** Answer it with this text. */
  | { readonly type: 'reply'; readonly text: string }
  | {
      readonly type: 'segment';
      /** The vendor's name for the stretch, where it names them. */
      readonly key: string | null;
      readonly text: string;
      readonly words: readonly RecognisedWord[] | null;
      readonly startMs: number | null;
      readonly endMs: number | null;
      readonly settled: boolean;
    }
  /** All before this is recognised, but for a segment that is not settled. */
  | { readonly type: 'heard'; readonly untilMs: number }
  /** What was asked for has been given; up to where, if it says so. */
  | { readonly type: 'flushed'; readonly untilMs: number | null }
  /** The oldest stretch that was asked for is called this. */
  | { readonly type: 'named'; readonly key: string }
  /** The stretch of this name is complete, or could not be recognised. */
  | { readonly type: 'through'; readonly key: string; readonly ok: boolean }
  | { readonly type: 'speech' }
  | {
      readonly type: 'turn';
      readonly event: 'eager_end' | 'resumed' | 'end';
      readonly probability: number;
    }
  /** The connection is of no use any more. */
  | { readonly type: 'broken'; readonly error: CallError; readonly retryable: boolean }
  /** It complains, and goes on. */
  | { readonly type: 'warning'; readonly code: string }
  /** Something that it does not mean for us; `known`: we know what it is. */
  | { readonly type: 'passed'; readonly known: boolean };

/** One connection's way of speaking. Made anew for each. */
export interface SttWire {
  /** It is ready as soon as the socket is open. */
  readonly readyWhenOpen: boolean;
  /**
   * Reads one message.
   *
   * @throws CallError `backend_protocol` when it is malformed; the message quotes nothing of it
   */
  decode(message: Buffer): readonly WireEvent[];
  /** Audio as a text message; `null`: it goes as it is, as a binary one. */
  audioText(bytes: Uint8Array): string | null;
  /** Asks for the rest of what was said; `null`: it cannot be asked. */
  flush(): string | null;
  /** Makes it forget what was not flushed; `null`: what comes of it is dropped here. */
  readonly clear: string | null;
  /** Keeps the connection alive without audio; `null`: nothing need be done. */
  readonly keepAlive:
    { readonly by: 'silence' } | { readonly by: 'text'; readonly text: string } | null;
}

/** A recogniser's protocol, apart from who listens to it. */
export interface SttDialect {
  readonly type: string;
  readonly capabilities: SpeechToTextCapabilities;
  /** Address and headers, the key among them; they must not leave the connection. */
  request(
    context: SpeechToTextContext,
    secret: string | null,
  ): { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  wire(context: SpeechToTextContext, secret: string | null): SttWire;
  /** See `StretchBookOptions`. */
  readonly quietMs: number | null;
  readonly slackMs: number;
  readonly leastMs: number;
  /** Without audio for so long, ms, the connection is kept alive. */
  readonly keepAliveMs: number;
}
