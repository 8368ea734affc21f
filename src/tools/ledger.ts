import type { LedgerEntry, ToolCallState } from '../ports/conversation.ts';
import { withOutput } from './kept-outputs.ts';
import type { LedgerEffect, LedgerInput, LedgerResult, LedgerState } from './ledger-vocabulary.ts';
import { alreadyAskedText, cancelledToolText, startedToolText, tooManyCallsText } from './words.ts';

/** Entries a call's ledger keeps at once unless told otherwise. */
const ledgerLimit = 1000;

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
    sharedCalls: 0,
    unknownAnswers: 0,
    lateAnswers: 0,
  };
}

/** The entry of a tool call, while the ledger remembers it. */
export function findEntry(state: LedgerState, toolCallId: string): LedgerEntry | undefined {
  return state.entries.find((entry) => entry.toolCallId === toolCallId);
}

/** Whether nothing has come of it yet. */
export function isOpen({ state }: Pick<LedgerEntry, 'state'>): boolean {
  return state === 'asked' || state === 'running';
}

/** Tool calls that nobody has answered yet, oldest first. */
export function openEntries(state: LedgerState): readonly LedgerEntry[] {
  return state.entries.filter(isOpen);
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
    case 'failed':
    case 'refused':
      return answered(state, input, nowMs);
    case 'timed_out':
      return timedOut(state, input, nowMs);
    case 'late':
      return cameLate(state, input, nowMs);
    case 'interrupted':
      return interrupted(state, input.toolCallIds, nowMs);
    case 'call_closed':
      return callClosed(state);
  }
}

type Called = LedgerInput & { readonly type: 'called' };

function called(state: LedgerState, input: Called, nowMs: number): LedgerResult {
  const { toolCallId, name, detached } = input;
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
      effects: [{ type: 'pass_on', toolCallId, output: tooManyCallsText(name) }],
    };
  }
  const first = sameRequest(room, input);
  const own = newEntry(input, nowMs);
  if (first === undefined) {
    const effects: LedgerEffect[] = [{ type: 'run', entry: own }];
    if (detached) effects.push({ type: 'pass_on', toolCallId, output: startedToolText(name) });
    return { state: { ...room, entries: [...room.entries, own] }, effects };
  }
  const shared: LedgerEntry = { ...own, state: 'asked', sharedWith: first.toolCallId };
  const taken = {
    ...room,
    entries: [...room.entries, shared],
    sharedCalls: room.sharedCalls + 1,
  };
  if (isOpen(first)) {
    const started: LedgerEffect = { type: 'pass_on', toolCallId, output: startedToolText(name) };
    return { state: taken, effects: detached ? [started] : [] };
  }
  // Nothing is awaited, so nothing needs to be told apart from the output.
  const answer =
    first.output === null || !hasAnswer(first)
      ? ({ state: 'refused', output: alreadyAskedText(name) } as const)
      : ({ state: 'answered', output: first.output } as const);
  return settle(taken, { ...shared, detached: false }, answer, nowMs);
}

function newEntry(input: Called, nowMs: number): LedgerEntry {
  const { toolCallId, itemId, name, key, runner, detached } = input;
  return {
    toolCallId,
    itemId,
    name,
    arguments: input.arguments,
    key,
    runner,
    state: 'running',
    sharedWith: null,
    detached,
    calledAtMs: nowMs,
    answeredAtMs: null,
    duplicates: 0,
    output: null,
  };
}

/** The request before it of which this one is the repetition, if it must not run of its own. */
function sameRequest(state: LedgerState, input: Called): LedgerEntry | undefined {
  // What others run is theirs to repeat.
  if (input.repeatable || input.runner !== 'gateway') return undefined;
  const first = state.entries.findLast(
    (entry) => entry.key === input.key && entry.sharedWith === null,
  );
  if (first === undefined || isOpen(first)) return first;
  if (hasAnswer(first)) return first.output === null && input.idempotent ? undefined : first;
  // Nobody knows whether it took effect: once more could be once too often.
  return first.state === 'timed_out' && !input.idempotent ? first : undefined;
}

function hasAnswer({ state }: LedgerEntry): boolean {
  return state === 'answered' || state === 'late';
}

function answered(
  state: LedgerState,
  input: LedgerInput & { readonly type: 'answered' | 'failed' | 'refused' },
  nowMs: number,
): LedgerResult {
  const { toolCallId, output } = input;
  const entry = findEntry(state, toolCallId);
  if (entry === undefined) return unknownAnswer(state, toolCallId);
  if (!isOpen(entry)) return cameLate(state, input, nowMs);
  const result = settleAll(state, entry, { state: input.type, output }, nowMs);
  const stop = input.type === 'answered' && input.by === 'client' && entry.runner === 'gateway';
  return stop && entry.state === 'running'
    ? { ...result, effects: [...result.effects, { type: 'abort', toolCallId }] }
    : result;
}

function timedOut(
  state: LedgerState,
  { toolCallId, output }: LedgerInput & { readonly type: 'timed_out' },
  nowMs: number,
): LedgerResult {
  const entry = findEntry(state, toolCallId);
  // A timer that lost the race against an answer is not an event.
  if (entry?.state !== 'running') return { state, effects: [] };
  const result = settleAll(state, entry, { state: 'timed_out', output }, nowMs);
  if (entry.runner !== 'gateway') return result;
  return { ...result, effects: [...result.effects, { type: 'abort', toolCallId }] };
}

/** An answer to an entry that is not open any more (or never was known). */
function cameLate(
  state: LedgerState,
  { toolCallId, output }: { readonly toolCallId: string; readonly output: string },
  nowMs: number,
): LedgerResult {
  const entry = findEntry(state, toolCallId);
  if (entry === undefined) return unknownAnswer(state, toolCallId);
  if (entry.state === 'timed_out') {
    const late: LedgerEntry = { ...entry, state: 'late', answeredAtMs: nowMs, output };
    return {
      state: { ...replaced(state, late), lateAnswers: state.lateAnswers + 1 },
      effects: [
        { type: 'settled', entry: late },
        { type: 'note', entry: late, output },
      ],
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

function interrupted(
  state: LedgerState,
  toolCallIds: readonly string[],
  nowMs: number,
): LedgerResult {
  let result: LedgerResult = { state, effects: [] };
  for (const toolCallId of toolCallIds) {
    const entry = findEntry(result.state, toolCallId);
    if (entry?.state !== 'running' || entry.runner !== 'gateway') continue;
    const answer = { state: 'cancelled', output: cancelledToolText(entry.name) } as const;
    const next = settleAll(result.state, entry, answer, nowMs);
    const effects = [...result.effects, { type: 'abort', toolCallId } as const, ...next.effects];
    result = { state: next.state, effects };
  }
  return result;
}

function callClosed(state: LedgerState): LedgerResult {
  if (state.closed) return { state, effects: [] };
  const given = state.entries.filter(isOpen);
  const effects = given.flatMap((entry): LedgerEffect[] => [
    ...(entry.runner === 'gateway' && entry.state === 'running'
      ? [{ type: 'abort', toolCallId: entry.toolCallId } as const]
      : []),
    { type: 'settled', entry: { ...entry, state: 'cancelled' } },
  ]);
  const entries = state.entries.map((entry) =>
    isOpen(entry) ? { ...entry, state: 'cancelled' as const } : entry,
  );
  return { state: { ...state, entries, closed: true }, effects };
}

/** What became of a tool call, and what the model is told. */
interface Answer {
  readonly state: ToolCallState;
  readonly output: string;
}

/** Settles an entry, and with it those that share its run. */
function settleAll(
  state: LedgerState,
  entry: LedgerEntry,
  answer: Answer,
  nowMs: number,
): LedgerResult {
  const sharing = state.entries.filter(
    (other) => other.sharedWith === entry.toolCallId && other.state === 'asked',
  );
  let result: LedgerResult = { state, effects: [] };
  for (const each of [entry, ...sharing]) {
    const next = settle(result.state, each, answer, nowMs);
    result = { state: next.state, effects: [...result.effects, ...next.effects] };
  }
  return result;
}

function settle(
  state: LedgerState,
  entry: LedgerEntry,
  { state: become, output }: Answer,
  nowMs: number,
): LedgerResult {
  const answeredAtMs = become === 'timed_out' || become === 'cancelled' ? null : nowMs;
  // What the model was told instead of an answer is no answer to be given again.
  const kept = become === 'answered' ? output : null;
  const now: LedgerEntry = { ...entry, state: become, answeredAtMs, output: kept };
  return {
    state: replaced(state, now),
    effects: [
      { type: 'settled', entry: now },
      entry.detached
        ? { type: 'note', entry: now, output }
        : { type: 'pass_on', toolCallId: entry.toolCallId, output },
    ],
  };
}

/** Forgets the oldest finished entry where the ledger is full; `undefined` where all of it runs. */
function withRoom(state: LedgerState): LedgerState | undefined {
  if (state.entries.length < state.limit) return state;
  const oldest = state.entries.findIndex((entry) => !isOpen(entry));
  if (oldest < 0) return undefined;
  return {
    ...state,
    entries: state.entries.toSpliced(oldest, 1),
    forgotten: state.forgotten + 1,
  };
}

function replaced(state: LedgerState, entry: LedgerEntry): LedgerState {
  return { ...state, entries: withOutput(state.entries, entry) };
}
