import type { AudioFormat } from '../audio/format.ts';
import type { Chunk } from '../audio/chunk.ts';
import type { Incoming } from '../streams/bounded-queue.ts';
import type { Clock } from '../time/clock.ts';
import type { CallError } from './errors.ts';
import type { Logger } from './log.ts';

/** What a recogniser can do, as data. */
export interface SpeechToTextCapabilities {
  /** Words come while they are said, as `partial`. */
  readonly partials: boolean;
  /** It judges ends of turns itself: `eager_end`, `resumed`, `end`. */
  readonly turnEvents: boolean;
  /** Final words come with their times. */
  readonly wordTimes: boolean;
  /**
   * What `finish` costs: `flush` makes it give the rest at once, `wait` means the rest comes when it
   * comes, `whole` means that nothing is recognised before (a request with the whole turn).
   */
  readonly finish: 'flush' | 'wait' | 'whole';
  /** Formats it takes, preferred first. */
  readonly inputFormats: readonly AudioFormat[];
  /** Longest session, ms; `null` when there is no cap. The adapter rolls over by itself. */
  readonly sessionCapMs: number | null;
}

/** Where a word lies on the session's audio: ms of audio pushed since its opening. */
export interface RecognisedWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0–1; `null` where it is not told. */
  readonly confidence: number | null;
}

/**
 * What a recogniser tells. A *stretch* is the audio from the end of the last `finish` to the next
 * one; its text is the whole stretch so far, never a delta. Every `finish` is answered by exactly one
 * `final` of its id, in order, also when nothing was said (empty text) and when it takes too long
 * (what was known by then, `complete: false`).
 */
export type SpeechToTextEvent =
  | { readonly type: 'speech.started' }
  /** Cumulative. `settled`: how much of it, in characters from its start, will not change any more. */
  | {
      readonly type: 'partial';
      readonly text: string;
      readonly settled: number;
      /** Where all of it lies; absent or `null` where that is not told before the final. */
      readonly words?: readonly RecognisedWord[] | null;
    }
  /** The caller has probably finished; 0–1. Followed by `resumed` or `end`. */
  | { readonly type: 'eager_end'; readonly text: string; readonly probability: number }
  | { readonly type: 'resumed' }
  | { readonly type: 'end'; readonly text: string; readonly probability: number }
  | {
      readonly type: 'final';
      readonly finishId: number;
      readonly text: string;
      readonly words: readonly RecognisedWord[] | null;
      readonly complete: boolean;
      /** Audio of the stretch was heard by nobody: words may be missing. Absent: none that is known. */
      readonly hole?: true;
    }
  /** Seconds of audio that the vendor will charge for, as they are known. */
  | { readonly type: 'usage'; readonly audioMs: number }
  /** The session is over by a fault; nothing follows. */
  | { readonly type: 'failed'; readonly error: CallError };

export interface SpeechToTextContext {
  readonly callId: string;
  readonly format: AudioFormat;
  /** BCP 47, or `null` for whatever is spoken. */
  readonly language: string | null;
  /** Words that are likely to be said: names, products. */
  readonly keyTerms: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** One caller's audio on its way to words. */
export interface SpeechToTextSession {
  /** Never throws, never blocks; audio over the limit is dropped and counted. */
  push(chunk: Chunk): void;
  /**
   * The stretch is over with all audio pushed so far. Ids grow. A `final` comes for each, at the
   * latest after the adapter's `finalTimeoutMs`.
   */
  finish(finishId: number): void;
  /** What was pushed since the last `finish` was nothing: it will be in no final. */
  clear(): void;
  /** Bounded; ends after `close` or `failed`. One consumer. */
  readonly events: Incoming<SpeechToTextEvent>;
  /** Idempotent. Frees everything at once. */
  close(): void;
}

/** Turns speech into words. */
export interface SpeechToTextPort {
  /** Name for figures and messages: `deepgram`, … */
  readonly type: string;
  readonly capabilities: SpeechToTextCapabilities;
  /** Loads or reaches what must be there before the first call. Rejects with `CallError`. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Rejects with `CallError` when the session cannot be had or `signal` aborts. */
  open(context: SpeechToTextContext, signal: AbortSignal): Promise<SpeechToTextSession>;
  figures(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
