import type { LedgerEntry } from '../ports/conversation.ts';
import type { ErrorCode } from '../ports/errors.ts';

/**
 * What one call knows of its tool calls. Plain data: survives `JSON.parse(JSON.stringify(state))`
 * unchanged, and its entries go into the call's seed as they are.
 */
export interface LedgerState {
  /** Oldest first; at most `limit`. */
  readonly entries: readonly LedgerEntry[];
  /** Most entries kept (a count). */
  readonly limit: number;
  /** The call is over: nothing new is taken on. */
  readonly closed: boolean;
  /** Finished entries forgotten to keep the limit. */
  readonly forgotten: number;
  /** Calls not taken on: the ledger was full of running ones, or the call was over. */
  readonly refusedCalls: number;
  /** Requests that repeated the id of an entry; the first one stands. */
  readonly repeatedCalls: number;
  /** Requests that shared the run or the answer of the same request before them. */
  readonly sharedCalls: number;
  /** Answers to ids that are not in the ledger. */
  readonly unknownAnswers: number;
  /** Answers that came after the model had been told to do without. */
  readonly lateAnswers: number;
}

/** What happens to a tool call. Texts named `output` are for the model. */
export type LedgerInput =
  /** The model asked for it. */
  | {
      readonly type: 'called';
      readonly toolCallId: string;
      readonly itemId: string;
      readonly name: string;
      readonly arguments: string;
      readonly key: string;
      readonly runner: LedgerEntry['runner'];
      /** The same request runs again, whatever became of the one before. */
      readonly repeatable: boolean;
      /** The same request may run again where it is not known what became of the one before. */
      readonly idempotent: boolean;
      /** The model is told at once that it runs on, and the result in a message of its own. */
      readonly detached: boolean;
    }
  | {
      readonly type: 'answered';
      readonly toolCallId: string;
      readonly by: LedgerEntry['runner'];
      readonly output: string;
    }
  /** It threw; `output` says so in words. */
  | { readonly type: 'failed'; readonly toolCallId: string; readonly output: string }
  /** It was not run; `output` says why in words. */
  | { readonly type: 'refused'; readonly toolCallId: string; readonly output: string }
  /** Its deadline passed; `output` says so in words. */
  | { readonly type: 'timed_out'; readonly toolCallId: string; readonly output: string }
  /** The tool came back after its deadline. */
  | { readonly type: 'late'; readonly toolCallId: string; readonly output: string }
  /** The agent was interrupted: these are not wanted any more. */
  | { readonly type: 'interrupted'; readonly toolCallIds: readonly string[] }
  /** The call ended: whatever still runs is given up. */
  | { readonly type: 'call_closed' };

/** What is to be done about it. */
export type LedgerEffect =
  /** Hand it to whoever runs it: the bridge, or the client's view. */
  | { readonly type: 'run'; readonly entry: LedgerEntry }
  /** It is over, or came late: for the log. Comes before what the model is told. */
  | { readonly type: 'settled'; readonly entry: LedgerEntry }
  /** Give this to the model as its output. At most once per tool call, whatever comes. */
  | { readonly type: 'pass_on'; readonly toolCallId: string; readonly output: string }
  /** Tell the model in a message of its own: its output was given before. */
  | { readonly type: 'note'; readonly entry: LedgerEntry; readonly output: string }
  /** Stop Parley's own run of it: somebody else answered, nobody wants it, or the call is over. */
  | { readonly type: 'abort'; readonly toolCallId: string }
  /** An answer after the first one: counted, not passed on. */
  | { readonly type: 'duplicate'; readonly toolCallId: string; readonly duplicates: number }
  /** The model used an id twice; the first call stands. */
  | { readonly type: 'repeated'; readonly toolCallId: string }
  /** The answer belongs to no call of the ledger: tell whoever sent it. */
  | {
      readonly type: 'refuse';
      readonly toolCallId: string;
      readonly code: ErrorCode & 'tool_call_not_found';
    };

export interface LedgerResult {
  readonly state: LedgerState;
  readonly effects: readonly LedgerEffect[];
}
