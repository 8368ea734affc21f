import type { Clock } from '../../../src/time/clock.ts';
import type { SayRule } from '../said.ts';

/** Something that is said. `count`: so many numbers, on from the last one the agent knows it said. */
export type ScriptedSpeech =
  { readonly text: string } | { readonly count: number; readonly from?: number };

/** A function call of the backend that work is delegated to. */
export interface ScriptedCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

/**
 * The model hands the work on, says `say` when an acknowledgement is due, and, under Responses
 * delegation, makes the calls and says `then`.
 */
export interface ScriptedDelegation {
  readonly delegate: true;
  readonly say?: string;
  readonly calls?: readonly ScriptedCall[];
  readonly then?: ScriptedSpeech;
}

/** What it says follows from what it has been told; a tool that it wants is delegated. */
export interface RuledAnswer {
  readonly rule: SayRule;
}

/** What the model does after a turn of the caller's. */
export type ScriptedAnswer = ScriptedSpeech | ScriptedDelegation | RuledAnswer;

/**
 * Where in a session something goes wrong: in the handshake, when `session.start` came, right after
 * `session.started`, this far on the timeline, when context was appended, at a delegation.
 */
export type FaultPlace =
  | { readonly at: 'handshake' }
  | { readonly at: 'start' }
  | { readonly at: 'started' }
  | { readonly at: 'audio'; readonly afterMs: number }
  | { readonly at: 'append' }
  | { readonly at: 'delegation' };

export type Mishap =
  | { readonly kind: 'refuse'; readonly status: number; readonly body?: string }
  | ({ readonly kind: 'close'; readonly code: number; readonly reason: string } & FaultPlace)
  | ({ readonly kind: 'drop' } & FaultPlace)
  /** Nothing is said any more, and the connection stays. */
  | ({ readonly kind: 'stall' } & FaultPlace)
  | ({ readonly kind: 'send'; readonly text: string } & FaultPlace)
  | ({ readonly kind: 'error'; readonly code: string; readonly message: string } & FaultPlace)
  /** An orderly end for this reason. */
  | ({
      readonly kind: 'end';
      readonly reason: 'expired' | 'content' | 'remote_hangup' | 'connection_lost';
    } & FaultPlace);

/** What goes wrong once, on every connection or on one (counted from 1). */
export type StandInFault = Mishap & { readonly connection?: number };

export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

export interface StandInOptions {
  readonly clock?: Clock;
  /** 0 = any free one. */
  readonly port?: number;
  /** The key that is asked for; `null` takes anyone, but not nobody. */
  readonly apiKey?: string | null;
  readonly models?: readonly string[];
  readonly seed?: number;
  /** From the end of a caller's turn to the first audio, ms of the timeline; log-normal. */
  readonly firstAudioMs?: Spread;
  /** From an append to its place on the timeline, ms; log-normal. */
  readonly placingMs?: Spread;
  /** How far transcripts lag behind the audio they belong to, ms. */
  readonly transcriptLagMs?: number;
  /** Silence after speech that the model takes for the end of a turn, ms. */
  readonly endOfTurnMs?: number;
  /** Speech over it after which the model stops, ms. */
  readonly yieldAfterMs?: number;
  /** Said in turn, over and over; the place follows from the agent's turns in the history it has. */
  readonly answers?: readonly ScriptedAnswer[];
  /** What it pretends to have heard; `counted` = the numbers it really heard, as counted speech. */
  readonly callerText?: string;
  /** Longest session, ms of the machine's clock. */
  readonly sessionCapMs?: number;
  /** A session that never gets audio ends after this, ms. */
  readonly noAudioMs?: number;
  readonly faults?: readonly StandInFault[];
}

export const standInDefaults = {
  port: 0,
  apiKey: null,
  models: ['gpt-live-1'],
  seed: 7,
  firstAudioMs: { p50: 300, p95: 600 },
  placingMs: { p50: 750, p95: 1000 },
  transcriptLagMs: 700,
  endOfTurnMs: 500,
  yieldAfterMs: 400,
  answers: [{ text: 'Of course. I am glad to help you with that.' }],
  callerText: 'What can you do for me?',
  sessionCapMs: 3_600_000,
  noAudioMs: 31_000,
  faults: [],
} as const satisfies StandInOptions;

/** Options with nothing left open. */
export type StandInSettings = Required<StandInOptions>;
