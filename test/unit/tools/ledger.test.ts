import { describe, expect, it } from 'vitest';
import {
  createLedger,
  findEntry,
  ledgerStep,
  runningEntries,
  type LedgerInput,
  type LedgerState,
} from '../../../src/tools/ledger.ts';

function call(toolCallId: string, runner: 'client' | 'gateway' = 'gateway'): LedgerInput {
  return {
    type: 'called',
    toolCallId,
    itemId: `item_${toolCallId}`,
    name: 'find_room',
    arguments: '{"beds":2}',
    runner,
  };
}

function answer(toolCallId: string, by: 'client' | 'gateway' = 'gateway'): LedgerInput {
  return { type: 'answered', toolCallId, by, output: `result of ${toolCallId}` };
}

/** Steps through the inputs, one a second, and keeps the last step's effects. */
function after(state: LedgerState, ...inputs: LedgerInput[]): ReturnType<typeof ledgerStep> {
  let result: ReturnType<typeof ledgerStep> = { state, effects: [] };
  inputs.forEach((input, index) => {
    result = ledgerStep(result.state, input, (index + 1) * 1000);
  });
  return result;
}

describe('ledger', () => {
  it('takes a call on and has it run', () => {
    const { state, effects } = after(createLedger(), call('a', 'client'));
    const entry = {
      toolCallId: 'a',
      itemId: 'item_a',
      name: 'find_room',
      arguments: '{"beds":2}',
      runner: 'client',
      state: 'running',
      calledAtMs: 1000,
      answeredAtMs: null,
      duplicates: 0,
    };
    expect(effects).toEqual([{ type: 'run', entry }]);
    expect(state.entries).toEqual([entry]);
  });

  it('passes the first answer on and records when it came', () => {
    const { state, effects } = after(createLedger(), call('a'), answer('a'));
    expect(effects).toEqual([
      { type: 'pass_on', toolCallId: 'a', output: 'result of a', state: 'answered' },
    ]);
    expect(findEntry(state, 'a')).toMatchObject({ state: 'answered', answeredAtMs: 2000 });
  });

  it('counts a second answer and does not pass it on', () => {
    const { state, effects } = after(createLedger(), call('a'), answer('a'), answer('a'));
    expect(effects).toEqual([{ type: 'duplicate', toolCallId: 'a', duplicates: 1 }]);
    expect(findEntry(state, 'a')).toMatchObject({ answeredAtMs: 2000, duplicates: 1 });
  });

  it("aborts Parley's own run when the client answers first", () => {
    const { effects } = after(createLedger(), call('a'), answer('a', 'client'));
    expect(effects).toEqual([
      { type: 'pass_on', toolCallId: 'a', output: 'result of a', state: 'answered' },
      { type: 'abort', toolCallId: 'a' },
    ]);
  });

  it('passes a failure on in words', () => {
    const { state, effects } = after(createLedger(), call('a'), {
      type: 'failed',
      toolCallId: 'a',
      output: 'It failed.',
    });
    expect(effects).toEqual([
      { type: 'pass_on', toolCallId: 'a', output: 'It failed.', state: 'failed' },
    ]);
    expect(findEntry(state, 'a')).toMatchObject({ state: 'failed', answeredAtMs: 2000 });
  });

  it('records an answer after the deadline as late and the one after it as a duplicate', () => {
    const timedOut: LedgerInput = { type: 'timed_out', toolCallId: 'a', output: 'Too late.' };
    const first = after(createLedger(), call('a'), timedOut);
    expect(first.effects).toEqual([
      { type: 'pass_on', toolCallId: 'a', output: 'Too late.', state: 'timed_out' },
      { type: 'abort', toolCallId: 'a' },
    ]);
    expect(findEntry(first.state, 'a')).toMatchObject({ state: 'timed_out', answeredAtMs: null });

    const late = ledgerStep(first.state, { type: 'late', toolCallId: 'a' }, 9000);
    expect(late.effects).toEqual([{ type: 'late', toolCallId: 'a' }]);
    expect(late.state.lateAnswers).toBe(1);
    expect(findEntry(late.state, 'a')).toMatchObject({ state: 'timed_out', answeredAtMs: 9000 });

    const again = ledgerStep(late.state, answer('a', 'client'), 9500);
    expect(again.effects).toEqual([{ type: 'duplicate', toolCallId: 'a', duplicates: 1 }]);
  });

  it('ignores a deadline that lost the race against an answer', () => {
    const answered = after(createLedger(), call('a'), answer('a'));
    const { state, effects } = ledgerStep(
      answered.state,
      { type: 'timed_out', toolCallId: 'a', output: 'Too late.' },
      3000,
    );
    expect(effects).toEqual([]);
    expect(state).toBe(answered.state);
  });

  it('refuses an answer to an id it does not know', () => {
    const { state, effects } = after(createLedger(), answer('nobody', 'client'));
    expect(effects).toEqual([
      { type: 'refuse', toolCallId: 'nobody', code: 'tool_call_not_found' },
    ]);
    expect(state.unknownAnswers).toBe(1);
  });

  it('lets the first call of an id stand when the model repeats it', () => {
    const { state, effects } = after(createLedger(), call('a'), call('a'));
    expect(effects).toEqual([{ type: 'repeated', toolCallId: 'a' }]);
    expect(state.entries).toHaveLength(1);
    expect(state.repeatedCalls).toBe(1);
  });

  it('abandons what runs when the call closes and aborts only its own runs', () => {
    const { state, effects } = after(createLedger(), call('a'), call('b', 'client'), {
      type: 'call_closed',
    });
    expect(effects).toEqual([{ type: 'abort', toolCallId: 'a' }]);
    expect(state.entries.map((entry) => entry.state)).toEqual(['abandoned', 'abandoned']);
    const late = ledgerStep(state, answer('b', 'client'), 9000);
    expect(late.effects).toEqual([{ type: 'late', toolCallId: 'b' }]);
    expect(ledgerStep(state, call('c'), 9000).effects).toEqual([]);
  });

  it('forgets the oldest finished entry when it is full, never a running one', () => {
    const { state } = after(
      createLedger({ limit: 2 }),
      call('running'),
      call('done'),
      answer('done'),
      call('next'),
    );
    expect(state.entries.map((entry) => entry.toolCallId)).toEqual(['running', 'next']);
    expect(state.forgotten).toBe(1);
  });

  it('tells the model so when it is full of running calls', () => {
    const { state, effects } = after(createLedger({ limit: 1 }), call('a'), call('b'));
    expect(effects).toEqual([
      {
        type: 'pass_on',
        toolCallId: 'b',
        output: 'The tool "find_room" was not run: too many tools are running at once.',
        state: 'failed',
      },
    ]);
    expect(state.refusedCalls).toBe(1);
  });

  it('carries on from the entries of a seed', () => {
    const { state } = after(createLedger(), call('a'), answer('a'), call('b'));
    const seeded = createLedger({ entries: state.entries });
    expect(runningEntries(seeded).map((entry) => entry.toolCallId)).toEqual(['b']);
    expect(ledgerStep(seeded, call('a'), 9000).effects).toEqual([
      { type: 'repeated', toolCallId: 'a' },
    ]);
  });

  it('refuses a limit that is not a positive integer', () => {
    expect(() => createLedger({ limit: 0 })).toThrow(RangeError);
  });
});
