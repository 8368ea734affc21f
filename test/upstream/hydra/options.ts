import type { Clock } from '../../../src/time/clock.ts';

/** What the stand-in does in one response. */
export type HydraAnswer =
  /** Counts aloud, this many words, on from where it was, or from a number. */
  | { readonly words: number; readonly from?: number }
  | { readonly tools: readonly { readonly name: string; readonly arguments: string }[] };

/** Where in a call something goes wrong. */
export type HydraFaultPlace =
  | { readonly at: 'handshake' }
  /** In place of `session.created`. */
  | { readonly at: 'open' }
  /** In place of `session.configured`. */
  | { readonly at: 'configure' }
  /** With the first audio, nobody speaking. */
  | { readonly at: 'idle' }
  /** While the caller speaks. */
  | { readonly at: 'speech' }
  | { readonly at: 'create' }
  /** This far into an answer's audio. */
  | { readonly at: 'audio'; readonly afterMs: number }
  /** With tool calls unanswered. */
  | { readonly at: 'tool' };

/** What goes wrong. `refuse` belongs to the handshake, whatever its place. */
export type HydraFault =
  | { readonly kind: 'refuse'; readonly status: number; readonly body?: string }
  | ({ readonly kind: 'close'; readonly code: number; readonly reason: string } & HydraFaultPlace)
  | ({ readonly kind: 'drop' } & HydraFaultPlace)
  | ({ readonly kind: 'stall' } & HydraFaultPlace)
  | ({ readonly kind: 'send'; readonly text: string } & HydraFaultPlace)
  | ({ readonly kind: 'error'; readonly code: string; readonly message: string } & HydraFaultPlace)
  /** Responses end like this, before they say anything. */
  | { readonly kind: 'end_responses'; readonly status: string; readonly reason?: string }
  /** What it calls speech comes to nothing, and it does not say that it stopped. */
  | { readonly kind: 'false_start' }
  /** Audio of an interrupted response still comes, before it is done. */
  | { readonly kind: 'late_audio' }
  /** It speaks at this rate and says so. */
  | { readonly kind: 'other_rate'; readonly rateHz: number };

export interface HydraStandInOptions {
  readonly clock?: Clock;
  /** 0 = any free one. */
  readonly port?: number;
  /** The key that is asked for; `null` takes anyone. */
  readonly apiKey?: string | null;
  /** More sessions at once are `server_full`. */
  readonly maxSessions?: number;
  /** Without a frame from either side for this long the session ends, ms. */
  readonly idleMs?: number;
  /** Spread of the time from a request to the first audio; log-normal. */
  readonly firstAudioMs?: { readonly p50: number; readonly p95: number };
  readonly seed?: number;
  /** Audio comes this much faster than real time. */
  readonly realTimeFactor?: number;
  /** Length of an audio delta, ms. */
  readonly pieceMs?: number;
  /** Given in turn, over and over. */
  readonly answers?: readonly HydraAnswer[];
  /** A voice nobody knows: the vendor's pages disagree. */
  readonly unknownVoice?: 'error' | 'fallback';
  readonly fault?: HydraFault | null;
}

export const hydraStandInDefaults = {
  port: 0,
  apiKey: null,
  maxSessions: 1000,
  idleMs: 30_000,
  firstAudioMs: { p50: 300, p95: 600 },
  seed: 1,
  realTimeFactor: 10,
  pieceMs: 100,
  answers: [{ words: 10 }],
  unknownVoice: 'error',
  fault: null,
} as const satisfies HydraStandInOptions;

/** Options with nothing left open. */
export type HydraStandInSettings = Required<HydraStandInOptions>;
