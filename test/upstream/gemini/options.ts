import type { Clock } from '../../../src/time/clock.ts';
import type { SayRule } from '../said.ts';
import { textHash } from '../../../adapters/backends/rehearsal/chance.ts';

/** A function call that the model makes. */
export interface ScriptedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * What the model does in one turn. `text`: a tone a word. `count`: so many words of counted
 * speech, going on after the last number of the agent in the history it has (from `from` where
 * there is none, default 1). `tools`: calls, after saying `text`. `refuse`: the turn completes
 * with this reason and nothing else.
 */
export type ScriptedAnswer =
  | {
      readonly text: string;
      /** Its sound in place of tones: PCM16 at 24 kHz, 300 ms a word. */
      readonly sound?: Buffer;
      /** Its transcript, one delta a word, however they are cut; together they are the text. */
      readonly deltas?: readonly string[];
    }
  | { readonly count: number; readonly from?: number }
  | { readonly rule: SayRule }
  | { readonly numbers: readonly number[] }
  | { readonly tools: readonly ScriptedCall[]; readonly text?: string }
  | { readonly refuse: string };

/**
 * Where in a connection something goes wrong: in the handshake, when the setup came, right after
 * setupComplete, when the caller began to speak, when a turn of the caller ended, this far into
 * an answer's audio, when a tool was called, when its response came, between the end of
 * generation and turnComplete, right after a goAway.
 */
export type FaultPlace =
  | { readonly at: 'handshake' }
  | { readonly at: 'setup' }
  | { readonly at: 'ready' }
  | { readonly at: 'speech' }
  | { readonly at: 'turn' }
  | { readonly at: 'audio'; readonly afterMs: number }
  | { readonly at: 'tool' }
  | { readonly at: 'toolResponse' }
  | { readonly at: 'playback' }
  | { readonly at: 'goAway' };

/** What goes wrong once, in a place. `refuse` answers the handshake, whatever its place. */
export type Mishap =
  | { readonly kind: 'refuse'; readonly status: number; readonly body?: string }
  | ({ readonly kind: 'close'; readonly code: number; readonly reason: string } & FaultPlace)
  | ({ readonly kind: 'drop' } & FaultPlace)
  | ({ readonly kind: 'stall' } & FaultPlace)
  /** This text is sent as a message, and things go on. */
  | ({ readonly kind: 'send'; readonly text: string } & FaultPlace);

/** How it behaves all the time. */
export type Habit =
  /** All audio of an answer at once. */
  | 'burst'
  /** Audio at half of real time, in 20 ms pieces. */
  | 'trickle'
  /** Every toolCall message is sent twice. */
  | 'duplicate_tool_calls'
  /** Transcripts of an answer come after its turnComplete, those of the caller after the answer. */
  | 'late_transcripts'
  /** Stale audio rides in the message that says `interrupted`. */
  | 'audio_with_interrupted'
  /** turnComplete of an interrupted turn never comes. */
  | 'no_turn_complete_after_interrupted'
  /** turnComplete never comes. */
  | 'no_turn_complete'
  /** Fields nobody knows, in every message. */
  | 'unknown_fields'
  /** Every message is cut into WebSocket frames of 100 bytes. */
  | 'fragments'
  /** JSON in text frames. */
  | 'text_frames'
  /** The last audio rides in the messages of generationComplete and turnComplete. */
  | 'combined';

/** A mishap or a habit, of every connection or of one (counted from 1). */
export type StandInFault = (Mishap | { readonly kind: 'habit'; readonly habit: Habit }) & {
  readonly connection?: number;
};

export interface StandInOptions {
  readonly clock?: Clock;
  /** 0 = any free one. */
  readonly port?: number;
  /** The key that is asked for; `null` takes anyone, but not nobody. */
  readonly apiKey?: string | null;
  /** How a wrong key is refused: in the handshake or, as the vendor does now, after it. */
  readonly wrongKey?: 'http' | 'close';
  /** Ephemeral tokens (`auth_tokens/…`) and how many sessions each opens; resuming is free. */
  readonly tokens?: Readonly<Record<string, number>>;
  /** Spread of the time from the end of a caller's turn to the first audio; log-normal. */
  readonly firstAudioMs?: { readonly p50: number; readonly p95: number };
  readonly seed?: number;
  /** Audio comes this much faster than real time. */
  readonly realTimeFactor?: number;
  /** Length of an audio piece, ms. */
  readonly pieceMs?: number;
  /** Said in turn, over and over; the place follows from the agent's turns in the history. */
  readonly answers?: readonly ScriptedAnswer[];
  /** What it pretends to have heard; `counted` = the numbers it really heard, as counted speech. */
  readonly callerText?: string;
  /** How far transcripts lag behind the audio they belong to, ms. */
  readonly transcriptLagMs?: number;
  /** Also sends voiceActivity messages. */
  readonly voiceActivity?: boolean;
  /** Longest connection, ms, and how long before its end goAway comes. */
  readonly connectionCapMs?: number;
  readonly goAwayBeforeMs?: number;
  /** Longest session without context window compression, over all of its connections, ms. */
  readonly uncompressedCapMs?: number;
  /** How long a resumption handle lives, ms. */
  readonly handleTtlMs?: number;
  /** A ping is answered after this, ms. */
  readonly pongDelayMs?: number;
  readonly faults?: readonly StandInFault[];
}

export const standInDefaults = {
  port: 0,
  apiKey: null,
  wrongKey: 'close',
  tokens: {},
  firstAudioMs: { p50: 300, p95: 600 },
  seed: textHash('gemini'),
  realTimeFactor: 4,
  pieceMs: 100,
  answers: [{ text: 'Of course. I am glad to help you with that.' }],
  callerText: 'What can you do for me?',
  transcriptLagMs: 60,
  voiceActivity: false,
  connectionCapMs: 600_000,
  goAwayBeforeMs: 60_000,
  uncompressedCapMs: 900_000,
  handleTtlMs: 7_200_000,
  pongDelayMs: 0,
  faults: [],
} as const satisfies StandInOptions;

/** Options with nothing left open. */
export type StandInSettings = Required<StandInOptions>;
