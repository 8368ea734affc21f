import type { LogEntry } from './events.ts';
import type { ToolCallState } from './conversation.ts';
import type { TurnStages } from './stages.ts';
import type { BackendUsage, CallSpend } from './usage.ts';

/** What is kept of a call after it ended; times in ms since the call's start. */
export interface CallRecord {
  readonly callId: string;
  readonly agent: string;
  readonly backend: string;
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly turns: readonly TurnRecord[];
  readonly tools: readonly ToolRecord[];
  readonly handovers: readonly {
    readonly from: string;
    readonly to: string;
    readonly cause: string;
    readonly gapMs: number;
  }[];
  /** What each backend used and what that costs, in the order of their first use. */
  readonly usage: readonly BackendUsage[];
  /** By currency; an entry without one is what has no prices. */
  readonly spend: CallSpend;
  /** Path of a recording, when there is one. */
  readonly out: string | null;
  readonly events: readonly LogEntry[];
}

/** One tool call as the ledger had it. */
export interface ToolRecord {
  readonly name: string;
  readonly arguments: string;
  readonly atMs: number;
  readonly toolCallId: string;
  readonly runner: 'client' | 'gateway';
  readonly state: ToolCallState;
  /** When it was answered, came late, or was given up; `null` while it runs. */
  readonly answeredAtMs: number | null;
  /** The tool call of which it shared the run or the answer. */
  readonly sharedWith: string | null;
}

/** One exchange: the caller's turn and what came back. `null` where it did not happen. */
export interface TurnRecord {
  readonly userEndMs: number | null;
  readonly firstPacketMs: number | null;
  readonly firstAudioMs: number | null;
  readonly interrupted: boolean;
  readonly heardText: string | null;
  readonly userText: string | null;
  /** Where the silence before the answer went; `null` where nothing was heard, or nobody knows. */
  readonly stages: TurnStages | null;
}

/** Keeps finished calls. Never called from the media path. */
export interface StorePort {
  put(record: CallRecord): void;
  get(callId: string): CallRecord | undefined;
  /** Newest first. */
  list(limit: number): readonly CallRecord[];
}
