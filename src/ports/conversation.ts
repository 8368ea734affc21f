import type { ToolDefinition } from './settings.ts';
import type { ServerToolError } from './tool-servers.ts';

/** One piece of a message. Audio itself is not in here: it stays on its timeline. */
export type ItemContent =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'audio';
      /** `null` where nobody transcribed it. For agent audio: the words that were heard. */
      readonly transcript: string | null;
      /** Caller audio: its length. Agent audio: how much of it was heard. */
      readonly durationMs: number;
    };

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

interface ItemBase {
  readonly itemId: string;
  readonly status: ItemStatus;
}

/**
 * What a message from outside is for: a `rule` that holds from now on, something to be `known` and not
 * spoken of, or something to `tell` the caller.
 */
export interface MessageNote {
  readonly kind: 'rule' | 'known' | 'tell';
  /** The tool call that it brings something about. */
  readonly toolCallId: string | null;
}

export interface MessageItem extends ItemBase {
  readonly kind: 'message';
  /** Only to backends that decide by themselves what to make of it. */
  readonly note?: MessageNote;
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: readonly ItemContent[];
}

export interface ToolCallItem extends ItemBase {
  readonly kind: 'tool_call';
  readonly toolCallId: string;
  readonly name: string;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
  /** The backend ran it by itself; absent: it asked somebody to. */
  readonly ranOn?: RanOn;
}

/** A tool call that the backend ran by itself, and what came of it. */
export interface RanOn {
  readonly server: string;
  readonly approvalId: string | null;
  /** `null` while nothing has come of it, and where it failed. */
  readonly output: string | null;
  readonly error: ServerToolError | null;
}

export interface ToolOutputItem extends ItemBase {
  readonly kind: 'tool_output';
  readonly toolCallId: string;
  readonly output: string;
}

/** An entry of the conversation as both sides know it: what was said and heard, nothing else. */
export type ConversationItem = MessageItem | ToolCallItem | ToolOutputItem;

/** Where a word lies on its line's audio, ms from the line's first sample. */
export interface WordTime {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Where a tool call stands. `asked`: it shares the run of the same request before it. `late`: answered
 * after the model had been told to do without. `cancelled`: nobody wants it any more. `refused`: it
 * was not run.
 */
export type ToolCallState =
  'asked' | 'running' | 'answered' | 'late' | 'cancelled' | 'refused' | 'failed' | 'timed_out';

/** One tool call, from the model's request to the answer it was given. */
export interface LedgerEntry {
  readonly toolCallId: string;
  readonly itemId: string;
  readonly name: string;
  readonly arguments: string;
  /** The same for the same request of the same turn: see `src/tools/idempotency.ts`. */
  readonly key: string;
  /** Who runs it: the app behind the client, Parley, or the backend by itself. */
  readonly runner: 'client' | 'gateway' | 'backend';
  readonly state: ToolCallState;
  /** The tool call of which it shares the run or the answer; `null`: it has its own. */
  readonly sharedWith: string | null;
  /** The model was told that it runs on; the result is told in a message of its own. */
  readonly detached: boolean;
  readonly calledAtMs: number;
  readonly answeredAtMs: number | null;
  /** Answers that came after the first one; kept as a count, never passed on. */
  readonly duplicates: number;
  /** The answer in words; `null` while there is none, or where it is no longer kept. */
  readonly output: string | null;
}

/**
 * Plain data from which another backend, or another process, can carry the call on.
 * Survives `JSON.parse(JSON.stringify(seed))` unchanged.
 */
export interface CallSeed {
  readonly version: 1;
  readonly callId: string;
  readonly agent: string;
  readonly instructions: string;
  readonly voice: string | null;
  readonly tools: readonly ToolDefinition[];
  /** The conversation as heard, oldest first. */
  readonly items: readonly ConversationItem[];
  readonly ledger: readonly LedgerEntry[];
  readonly turn: {
    /** Whether the caller was speaking, and since which uplink sample (client rate). */
    readonly speakingFromSample: number | null;
    /** Uplink samples (client rate) written so far. */
    readonly uplinkSamples: number;
  };
  /** Caller audio that nobody has answered yet: PCM16 mono, base64; `null` when there is none. */
  readonly unanswered: {
    readonly rateHz: number;
    readonly startSample: number;
    readonly pcm16: string;
  } | null;
}
