import type { CloseReason, LogEntry } from './events.ts';
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
  /** Where its recording lies among the recordings, when it is recorded. */
  readonly out: string | null;
  /** How it ended; `null` while it runs. */
  readonly outcome: CloseReason | null;
  /** What the agent says it came to; `null` where nobody said. The latest word counts. */
  readonly disposition: Disposition | null;
  readonly events: readonly LogEntry[];
}

/** One tool call as the ledger had it. */
export interface ToolRecord {
  readonly name: string;
  readonly arguments: string;
  readonly atMs: number;
  readonly toolCallId: string;
  readonly runner: 'client' | 'gateway' | 'backend';
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

/** What came of a call, in the operator's words. */
export interface Disposition {
  readonly value: string;
  readonly note: string | null;
}

/** Something to be told to a webhook until it is taken. */
export interface Delivery {
  /** The same at every attempt. */
  readonly deliveryId: string;
  /** Name of the webhook. */
  readonly endpoint: string;
  /** JSON. */
  readonly body: string;
  /** Ms since 1970. */
  readonly createdMs: number;
}

/** Which calls are asked for; newest first. */
export interface CallQuery {
  /** Most calls (a count). */
  readonly limit: number;
  /** Each is somewhere in the call: its ids, its words. */
  readonly words: readonly string[];
  /** Only calls of these agents; `null`: of all. */
  readonly agents: readonly string[] | null;
  /** Only calls older than this one; `null`: from the newest on. */
  readonly before: string | null;
}

/** A finished call as it is kept: whoever asks for it may not need to read it. */
export interface StoredCall {
  readonly agent: string;
  /** As in the record. */
  readonly out: string | null;
  /** A {@link CallRecord}. */
  readonly json: string;
}

/** Keeps finished calls. Never called from the media path. */
export interface StorePort {
  /** The call is kept together with what is to be told about it. Never throws. */
  put(record: CallRecord, deliveries: readonly Delivery[]): void;
  /** Something is to be told about a running call. Never throws. */
  tell(deliveries: readonly Delivery[]): void;
  /** Rejects with `CallError` where the store cannot be reached. */
  get(callId: string): Promise<StoredCall | undefined>;
  /** Newest first, each the JSON of a {@link CallRecord} without `events`. Rejects as `get` does. */
  list(query: CallQuery): Promise<readonly string[]>;
  figures(): Readonly<Record<string, number>>;
  /** Writes what waits, within limits. Never rejects. */
  close(): Promise<void>;
}
