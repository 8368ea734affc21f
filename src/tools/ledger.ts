import type { LedgerEntry } from '../ports/conversation.ts';
import type { ErrorCode } from '../ports/errors.ts';
import { tooManyCallsText } from './words.ts';

/** Entries a call's ledger keeps at once unless told otherwise. */
const ledgerLimit = 1000;

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
      readonly runner: LedgerEntry['runner'];
    }
  | {
      readonly type: 'answered';
      readonly toolCallId: string;
      readonly by: LedgerEntry['runner'];
      readonly output: string;
    }
  /** It threw or could not be run; `output` says so in words. */
  | { readonly type: 'failed'; readonly toolCallId: string; readonly output: string }
  /** Its deadline passed; `output` says so in words. */
  | { readonly type: 'timed_out'; readonly toolCallId: string; readonly output: string }
  /** The tool came back after its deadline. The result itself is already thrown away. */
  | { readonly type: 'late'; readonly toolCallId: string }
  /** The call ended: whatever still runs is given up. */
  | { readonly type: 'call_closed' };

/** What is to be done about it. */
export type LedgerEffect =
  /** Hand it to whoever runs it: the bridge, or the client's view. */
  | { readonly type: 'run'; readonly entry: LedgerEntry }
  /** Give this to the model. At most once per tool call, whatever comes. */
  | {
      readonly type: 'pass_on';
      readonly toolCallId: string;
      readonly output: string;
      readonly state: 'answered' | 'failed' | 'timed_out';
    }
  /** Stop Parley's own run of it: somebody else answered, or the call is over. */
  | { readonly type: 'abort'; readonly toolCallId: string }
  /** An answer after the first one: counted, not passed on. */
  | { readonly type: 'duplicate'; readonly toolCallId: string; readonly duplicates: number }
  /** An answer after the deadline or the call's end: recorded, not passed on. */
  | { readonly type: 'late'; readonly toolCallId: string }
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

export interface LedgerOptions {
  /** Most entries kept (a count), default 1,000. */
  readonly limit?: number;
  /** Entries taken over from a seed, oldest first; those over the limit are forgotten. */
  readonly entries?: readonly LedgerEntry[];
}

/**
 * An empty ledger, or one that carries on from a seed.
 *
 * @throws RangeError when `limit` is not a positive integer
 */
export function createLedger({
  limit = ledgerLimit,
  entries = [],
}: LedgerOptions = {}): LedgerState {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`limit must be a positive integer, got ${limit}`);
  }
  return {
    entries: entries.slice(-limit),
    limit,
    closed: false,
    forgotten: Math.max(0, entries.length - limit),
    refusedCalls: 0,
    repeatedCalls: 0,
    unknownAnswers: 0,
    lateAnswers: 0,
  };
}

/** The entry of a tool call, while the ledger remembers it. */
export function findEntry(state: LedgerState, toolCallId: string): LedgerEntry | undefined {
  return state.entries.find((entry) => entry.toolCallId === toolCallId);
}

/** Tool calls that nobody has answered yet, oldest first. */
export function runningEntries(state: LedgerState): readonly LedgerEntry[] {
  return state.entries.filter((entry) => entry.state === 'running');
}

/**
 * One step of the ledger. Pure. The first answer wins; an id is told apart for as long as its
 * entry is remembered (the oldest finished ones are forgotten first).
 *
 * @param nowMs call time
 */
export function ledgerStep(state: LedgerState, input: LedgerInput, nowMs: number): LedgerResult {
  switch (input.type) {
    case 'called':
      return called(state, input, nowMs);
    case 'answered':
      return settled(state, input.toolCallId, nowMs, {
        state: 'answered',
        output: input.output,
        by: input.by,
      });
    case 'failed':
      return settled(state, input.toolCallId, nowMs, {
        state: 'failed',
        output: input.output,
        by: 'gateway',
      });
    case 'timed_out':
      return timedOut(state, input.toolCallId, input.output);
    case 'late':
      return cameLate(state, input.toolCallId, nowMs);
    case 'call_closed':
      return callClosed(state);
  }
}

function called(
  state: LedgerState,
  input: LedgerInput & { readonly type: 'called' },
  nowMs: number,
): LedgerResult {
  const { toolCallId, itemId, name, runner } = input;
  if (findEntry(state, toolCallId) !== undefined) {
    return {
      state: { ...state, repeatedCalls: state.repeatedCalls + 1 },
      effects: [{ type: 'repeated', toolCallId }],
    };
  }
  if (state.closed) {
    return { state: { ...state, refusedCalls: state.refusedCalls + 1 }, effects: [] };
  }
  const room = withRoom(state);
  if (room === undefined) {
    // The model must not wait for an answer that nobody will give.
    return {
      state: { ...state, refusedCalls: state.refusedCalls + 1 },
      effects: [{ type: 'pass_on', toolCallId, output: tooManyCallsText(name), state: 'failed' }],
    };
  }
  const entry: LedgerEntry = {
    toolCallId,
    itemId,
    name,
    arguments: input.arguments,
    runner,
    state: 'running',
    calledAtMs: nowMs,
    answeredAtMs: null,
    duplicates: 0,
  };
  return {
    state: { ...room, entries: [...room.entries, entry] },
    effects: [{ type: 'run', entry }],
  };
}

function settled(
  state: LedgerState,
  toolCallId: string,
  nowMs: number,
  answer: {
    readonly state: 'answered' | 'failed';
    readonly output: string;
    readonly by: LedgerEntry['runner'];
  },
): LedgerResult {
  const entry = findEntry(state, toolCallId);
  if (entry === undefined) return unknownAnswer(state, toolCallId);
  if (entry.state !== 'running') return cameLate(state, toolCallId, nowMs);
  const effects: LedgerEffect[] = [
    { type: 'pass_on', toolCallId, output: answer.output, state: answer.state },
  ];
  if (entry.runner === 'gateway' && answer.by === 'client') {
    effects.push({ type: 'abort', toolCallId });
  }
  return {
    state: replaced(state, { ...entry, state: answer.state, answeredAtMs: nowMs }),
    effects,
  };
}

function timedOut(state: LedgerState, toolCallId: string, output: string): LedgerResult {
  const entry = findEntry(state, toolCallId);
  // A timer that lost the race against an answer is not an event.
  if (entry?.state !== 'running') return { state, effects: [] };
  const effects: LedgerEffect[] = [{ type: 'pass_on', toolCallId, output, state: 'timed_out' }];
  if (entry.runner === 'gateway') effects.push({ type: 'abort', toolCallId });
  return { state: replaced(state, { ...entry, state: 'timed_out' }), effects };
}

/** An answer to an entry that is not running any more (or never was known). */
function cameLate(state: LedgerState, toolCallId: string, nowMs: number): LedgerResult {
  const entry = findEntry(state, toolCallId);
  if (entry === undefined) return unknownAnswer(state, toolCallId);
  if (entry.answeredAtMs === null && entry.state !== 'running') {
    return {
      state: {
        ...replaced(state, { ...entry, answeredAtMs: nowMs }),
        lateAnswers: state.lateAnswers + 1,
      },
      effects: [{ type: 'late', toolCallId }],
    };
  }
  const duplicates = entry.duplicates + 1;
  return {
    state: replaced(state, { ...entry, duplicates }),
    effects: [{ type: 'duplicate', toolCallId, duplicates }],
  };
}

function unknownAnswer(state: LedgerState, toolCallId: string): LedgerResult {
  return {
    state: { ...state, unknownAnswers: state.unknownAnswers + 1 },
    effects: [{ type: 'refuse', toolCallId, code: 'tool_call_not_found' }],
  };
}

function callClosed(state: LedgerState): LedgerResult {
  if (state.closed) return { state, effects: [] };
  const effects = runningEntries(state)
    .filter((entry) => entry.runner === 'gateway')
    .map(({ toolCallId }): LedgerEffect => ({ type: 'abort', toolCallId }));
  const entries = state.entries.map((entry) =>
    entry.state === 'running' ? { ...entry, state: 'abandoned' as const } : entry,
  );
  return { state: { ...state, entries, closed: true }, effects };
}

/** Forgets the oldest finished entry where the ledger is full; `undefined` where all of it runs. */
function withRoom(state: LedgerState): LedgerState | undefined {
  if (state.entries.length < state.limit) return state;
  const oldest = state.entries.findIndex((entry) => entry.state !== 'running');
  if (oldest < 0) return undefined;
  return {
    ...state,
    entries: state.entries.toSpliced(oldest, 1),
    forgotten: state.forgotten + 1,
  };
}

function replaced(state: LedgerState, entry: LedgerEntry): LedgerState {
  return {
    ...state,
    entries: state.entries.map((old) => (old.toolCallId === entry.toolCallId ? entry : old)),
  };
}
