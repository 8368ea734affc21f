import type { AudioFormat } from '../audio/format.ts';
import type { WordTime } from './conversation.ts';

/** A sentence of the operator's that is at hand as sound. */
export interface SpokenPhrase {
  readonly text: string;
  readonly format: AudioFormat;
  /** Whole samples; nobody writes to them. */
  readonly bytes: Uint8Array;
  /** Every word of the text, in order, ms from the first sample. */
  readonly words: readonly WordTime[];
}

/** What a call can say while no backend does. */
export interface CallPhrases {
  /** Silence in a handover after which one is said, ms. */
  readonly holdAfterMs: number;
  /** Something to bridge a gap with, another one each time; `null` while none is at hand. */
  holding(): SpokenPhrase | null;
  /** What is said before a call ends that has no backend left; `null`: nothing. */
  last(): SpokenPhrase | null;
}

/** What is said where an agent with several backends does not say. */
export const defaultPhrases = {
  holdAfterMs: 900,
  holding: ['One moment, please.'],
  last: 'I am sorry, there is a technical problem, and I have to end this call. Please call again later.',
} as const;
