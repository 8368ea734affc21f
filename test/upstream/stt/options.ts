import type { Clock } from '../../../src/time/clock.ts';

/** What a stand-in understands. */
export type Script =
  /**
   * Counted speech (test/ear): it hears which numbers were said, wherever they come, and writes them
   * as numbers or as the words at these places.
   */
  | { readonly kind: 'counted'; readonly words?: readonly string[] }
  /**
   * Known recordings: the first burst of sound is the first text, and so on. The words of a text lie
   * evenly in `durationMs`, or 300 ms each.
   */
  | {
      readonly kind: 'told';
      readonly utterances: readonly { readonly text: string; readonly durationMs?: number }[];
    };

/** Where something goes wrong. */
export type SttFaultPlace =
  | { readonly at: 'handshake' }
  | { readonly at: 'open' }
  /** With the audio that reaches this far into the connection. */
  | { readonly at: 'audio'; readonly afterMs: number }
  /** When it is asked for the rest. */
  | { readonly at: 'flush' };

/** What goes wrong. `sessions` says on how many connections, the first ones (default 1). */
export type SttFault = { readonly sessions?: number } & (
  | { readonly kind: 'refuse'; readonly status: number; readonly body?: string }
  | ({ readonly kind: 'close'; readonly code: number; readonly reason: string } & SttFaultPlace)
  | ({ readonly kind: 'drop' } & SttFaultPlace)
  /** Nothing is said any more; the socket stays. */
  | ({ readonly kind: 'stall' } & SttFaultPlace)
  | ({ readonly kind: 'send'; readonly text: string } & SttFaultPlace)
  /** Every settled text comes twice. */
  | { readonly kind: 'duplicate_final' }
  /** What is asked for comes so much later, ms. */
  | { readonly kind: 'late'; readonly byMs: number }
  /** Every message comes in several frames. */
  | { readonly kind: 'fragments' }
);

export interface SttStandInOptions {
  readonly clock?: Clock;
  /** 0 = any free one. */
  readonly port?: number;
  /** The key that is asked for; `null` takes anyone. */
  readonly apiKey?: string | null;
  readonly script?: Script;
  /** From audio to the words that come of it; log-normal. */
  readonly delayMs?: { readonly p50: number; readonly p95: number };
  readonly seed?: number;
  /** A connection ends after so long, ms; `null` never. */
  readonly sessionLimitMs?: number | null;
  /** Without audio or a sign of life for so long the connection ends, ms. */
  readonly idleMs?: number;
  readonly fault?: SttFault | null;
}

export const sttStandInDefaults = {
  port: 0,
  apiKey: null,
  script: { kind: 'counted' },
  delayMs: { p50: 120, p95: 250 },
  seed: 1,
  sessionLimitMs: null,
  idleMs: 10_000,
  fault: null,
} as const satisfies SttStandInOptions;

/** Options with nothing left open. */
export type SttStandInSettings = Required<SttStandInOptions>;
