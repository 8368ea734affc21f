import type { CallError } from '../ports/errors.ts';
import type {
  RecognisedWord,
  SpeechToTextContext,
  SpeechToTextPort,
} from '../ports/speech-to-text.ts';

/** What became of one finished stretch. */
export interface Recognised {
  /** Whoever finished the stretch named it. */
  readonly id: string;
  readonly text: string;
  /** Ms from the stretch's first sample; `null` where the recogniser tells no times. */
  readonly words: readonly RecognisedWord[] | null;
}

/** What one recogniser has had to do in a call. */
export interface RecognitionCounts {
  /** Audio that it was sent, ms. */
  audioMs: number;
  /** Audio that the vendor has said it will charge for, ms; 0 where it says nothing. */
  chargedMs: number;
  /** Audio that nobody was there for, ms. */
  droppedMs: number;
  /** Stretches that were finished and came to no whole text (a count). */
  lost: number;
  /** Times it was lost or could not be had (a count). */
  failures: number;
}

export interface RecognitionOptions {
  readonly port: SpeechToTextPort;
  readonly context: Omit<SpeechToTextContext, 'format'>;
  /** 0 ≤ n < 1. */
  readonly chance: () => number;
  /** Whether somebody hears has changed. */
  readonly onHearing: () => void;
  /** The stretch in progress, all of it. */
  readonly onText: (text: string, settled: boolean, words: Recognised['words']) => void;
  /** More of a finished stretch, before its last word. */
  readonly onMore: (id: string, text: string, words: Recognised['words']) => void;
  readonly onJudgement: (event: 'eager_end' | 'resumed' | 'end', probability: number) => void;
  readonly onFinal: (recognised: Recognised) => void;
  /** A finished stretch gets no text, or not all of it. */
  readonly onMissed: (id: string) => void;
  /** First of an outage: it is lost, or could not be had. */
  readonly onLost: (error: CallError) => void;
}
