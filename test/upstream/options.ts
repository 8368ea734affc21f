import type { Clock } from '../../src/time/clock.ts';
import type { SkinName } from './dialect-skins.ts';
import type { SayRule } from './said.ts';

/** What the stand-in says in one response. */
export type ScriptedAnswer =
  | {
      readonly text: string;
      /** Its sound in place of tones: PCM16 at 24 kHz, 300 ms a word. */
      readonly sound?: Buffer;
      /** Its transcript, one delta a word, however they are cut; together they are the text. */
      readonly deltas?: readonly string[];
    }
  /** Counts aloud, so many words, on from the last number of the agent's in its conversation. */
  | { readonly count: number }
  | { readonly rule: SayRule }
  | {
      readonly tool: { readonly name: string; readonly arguments: string };
    }
  /** Calls a tool of one of the session's MCP servers, which it runs itself. */
  | { readonly mcp: ScriptedRun };

/** A tool of an MCP server as the stand-in runs it. */
export interface ScriptedRun {
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
  /** What comes of it. */
  readonly result: { readonly output: string } | { readonly error: object };
  /** The response is over before the call is. */
  readonly late?: boolean;
}

/**
 * Where in a call something goes wrong. `idle`: the settings are in force and nobody has spoken yet,
 * `speech`: in the caller's audio, `audio`: this far into an answer's audio, `tool`: a tool was called.
 */
export type FaultPlace =
  | { readonly at: 'handshake' }
  | { readonly at: 'open' }
  | { readonly at: 'configure' }
  | { readonly at: 'idle' }
  | { readonly at: 'speech' }
  | { readonly at: 'tool' }
  | { readonly at: 'commit' }
  | { readonly at: 'create' }
  | { readonly at: 'audio'; readonly afterMs: number };

/** What goes wrong. `refuse` belongs to the handshake, whatever its place. */
export type StandInFault =
  | { readonly kind: 'refuse'; readonly status: number; readonly body?: string }
  | ({ readonly kind: 'close'; readonly code: number; readonly reason: string } & FaultPlace)
  | ({ readonly kind: 'drop' } & FaultPlace)
  | ({ readonly kind: 'stall' } & FaultPlace)
  | ({ readonly kind: 'send'; readonly text: string } & FaultPlace)
  | ({
      readonly kind: 'error';
      readonly code: string;
      readonly message: string;
    } & FaultPlace)
  | { readonly kind: 'fail_responses'; readonly code: string; readonly message: string }
  | { readonly kind: 'slow' };

/** Delays, ms. */
interface Spread {
  readonly p50: number;
  readonly p95: number;
}

export interface StandInOptions {
  readonly clock?: Clock;
  /** 0 = any free one. */
  readonly port?: number;
  /** The key that is asked for; `null` takes anyone. */
  readonly apiKey?: string | null;
  /** Spread of the time from a request to the first audio; log-normal, and of some another one. */
  readonly firstAudioMs?: Spread & { readonly tail?: Spread & { readonly share: number } };
  readonly seed?: number;
  /** Audio comes this much faster than real time. */
  readonly realTimeFactor?: number;
  /** Length of an audio delta, ms. */
  readonly pieceMs?: number;
  /** Said in turn, over and over. */
  readonly answers?: readonly ScriptedAnswer[];
  /** What it pretends to have heard; `counted`: the numbers it really heard, as counted speech. */
  readonly callerText?: string;
  /** Tools of each MCP server that can be reached, by its label. */
  readonly mcpServers?: Readonly<Record<string, readonly string[]>>;
  /** Sessions that it lets in, over its whole life (a count); more are refused with 503. */
  readonly maxSessions?: number;
  /** Longest session, ms. */
  readonly sessionCapMs?: number;
  readonly fault?: StandInFault | null;
  /** Dialect that it speaks. */
  readonly skin?: SkinName;
  /** Answers are endless, in real time, every frame marked with its send time. */
  readonly steady?: boolean;
}

export const standInDefaults = {
  port: 0,
  apiKey: null,
  firstAudioMs: { p50: 300, p95: 600 },
  seed: 1,
  realTimeFactor: 4,
  pieceMs: 100,
  answers: [{ text: 'Of course. I am glad to help you with that.' }],
  callerText: 'What can you do for me?',
  mcpServers: {},
  maxSessions: Infinity,
  sessionCapMs: 3_600_000,
  fault: null,
  skin: 'ga',
  steady: false,
} as const satisfies StandInOptions;

/** Options with nothing left open. */
export type StandInSettings = Required<StandInOptions>;
