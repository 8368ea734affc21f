import { describe, expect, it } from 'vitest';
import { createLedger, findEntry, ledgerStep, openEntries } from '../../../src/tools/ledger.ts';
import type {
  LedgerEffect,
  LedgerInput,
  LedgerState,
} from '../../../src/tools/ledger-vocabulary.ts';

type Called = LedgerInput & { readonly type: 'called' };

/** Every call is a request of its own, unless told otherwise. */
function call(
  toolCallId: string,
  runner: 'client' | 'gateway' = 'gateway',
  more: Partial<Called> = {},
): LedgerInput {
  return {
    type: 'called',
    toolCallId,
    itemId: `item_${toolCallId}`,
    name: 'find_room',
    arguments: '{"beds":2}',
    key: `key of ${toolCallId}`,
    runner,
    repeatable: false,
    idempotent: false,
    detached: false,
    ...more,
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

/** Effects without those for the log. */
function told(effects: readonly LedgerEffect[]): readonly LedgerEffect[] {
  return effects.filter(({ type }) => type !== 'settled');
}

describe('ledger', () => {
  it('takes a call on and has it run', () => {
    const { state, effects } = after(createLedger(), call('a', 'client'));
    const entry = {
      toolCallId: 'a',
      itemId: 'item_a',
      name: 'find_room',
      arguments: '{"beds":2}',
      key: 'key of a',
      runner: 'client',
      state: 'running',
      sharedWith: null,
      detached: false,
      calledAtMs: 1000,
      answeredAtMs: null,
      duplicates: 0,
      output: null,
    };
    expect(effects).toEqual([{ type: 'run', entry }]);
    expect(state.entries).toEqual([entry]);
  });

  it('passes the first answer on and records when it came', () => {
    const { state, effects } = after(createLedger(), call('a'), answer('a'));
    expect(told(effects)).toEqual([{ type: 'pass_on', toolCallId: 'a', output: 'result of a' }]);
    expect(findEntry(state, 'a')).toMatchObject({ state: 'answered', answeredAtMs: 2000 });
  });

  it('counts a second answer and does not pass it on', () => {
    const { state, effects } = after(createLedger(), call('a'), answer('a'), answer('a'));
    expect(effects).toEqual([{ type: 'duplicate', toolCallId: 'a', duplicates: 1 }]);
    expect(findEntry(state, 'a')).toMatchObject({ answeredAtMs: 2000, duplicates: 1 });
  });

  it("aborts Parley's own run when the client answers first", () => {
    const { effects } = after(createLedger(), call('a'), answer('a', 'client'));
    expect(told(effects)).toEqual([
      { type: 'pass_on', toolCallId: 'a', output: 'result of a' },
      { type: 'abort', toolCallId: 'a' },
    ]);
  });

  it('passes a failure on in words', () => {
    const { state, effects } = after(createLedger(), call('a'), {
      type: 'failed',
      toolCallId: 'a',
      output: 'It failed.',
    });
    expect(told(effects)).toEqual([{ type: 'pass_on', toolCallId: 'a', output: 'It failed.' }]);
    expect(findEntry(state, 'a')).toMatchObject({ state: 'failed', answeredAtMs: 2000 });
  });

  it('records an answer after the deadline as late and the one after it as a duplicate', () => {
    const timedOut: LedgerInput = { type: 'timed_out', toolCallId: 'a', output: 'Too late.' };
    const first = after(createLedger(), call('a'), timedOut);
    expect(told(first.effects)).toEqual([
      { type: 'pass_on', toolCallId: 'a', output: 'Too late.' },
      { type: 'abort', toolCallId: 'a' },
    ]);
    expect(findEntry(first.state, 'a')).toMatchObject({ state: 'timed_out', answeredAtMs: null });

    const cameLate: LedgerInput = { type: 'late', toolCallId: 'a', output: 'After all: two.' };
    const late = ledgerStep(first.state, cameLate, 9000);
    expect(told(late.effects)).toMatchObject([{ type: 'note', output: 'After all: two.' }]);
    expect(late.state.lateAnswers).toBe(1);
    expect(findEntry(late.state, 'a')).toMatchObject({ state: 'late', answeredAtMs: 9000 });

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
    expect(told(effects)).toEqual([{ type: 'abort', toolCallId: 'a' }]);
    expect(state.entries.map((entry) => entry.state)).toEqual(['cancelled', 'cancelled']);
    const late = ledgerStep(state, answer('b', 'client'), 9000);
    expect(late.effects).toEqual([{ type: 'duplicate', toolCallId: 'b', duplicates: 1 }]);
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
      },
    ]);
    expect(state.refusedCalls).toBe(1);
  });

  it('carries on from the entries of a seed', () => {
    const { state } = after(createLedger(), call('a'), answer('a'), call('b'));
    const seeded = createLedger({ entries: state.entries });
    expect(openEntries(seeded).map((entry) => entry.toolCallId)).toEqual(['b']);
    expect(ledgerStep(seeded, call('a'), 9000).effects).toEqual([
      { type: 'repeated', toolCallId: 'a' },
    ]);
  });

  it('refuses a limit that is not a positive integer', () => {
    expect(() => createLedger({ limit: 0 })).toThrow(RangeError);
  });
});

describe('the same request of the same turn', () => {
  const again = (toolCallId: string, more: Partial<Called> = {}): LedgerInput =>
    call(toolCallId, 'gateway', { key: 'same', ...more });

  it('shares the run of the one before it, and its answer', () => {
    const { state, effects } = after(createLedger(), again('a'), again('b'));
    expect(effects).toEqual([]);
    expect(findEntry(state, 'b')).toMatchObject({ state: 'asked', sharedWith: 'a' });
    const done = ledgerStep(state, answer('a'), 5000);
    expect(told(done.effects)).toEqual([
      { type: 'pass_on', toolCallId: 'a', output: 'result of a' },
      { type: 'pass_on', toolCallId: 'b', output: 'result of a' },
    ]);
    expect(openEntries(done.state)).toEqual([]);
  });

  it('is given the recorded answer without another run', () => {
    const { state, effects } = after(createLedger(), again('a'), answer('a'), again('b'));
    expect(told(effects)).toEqual([{ type: 'pass_on', toolCallId: 'b', output: 'result of a' }]);
    expect(findEntry(state, 'b')).toMatchObject({ state: 'answered', sharedWith: 'a' });
    // And again, by way of the one that ran.
    expect(told(ledgerStep(state, again('c'), 9000).effects)).toEqual([
      { type: 'pass_on', toolCallId: 'c', output: 'result of a' },
    ]);
  });

  it('is given what came late', () => {
    const timedOut: LedgerInput = { type: 'timed_out', toolCallId: 'a', output: 'Too late.' };
    const late: LedgerInput = { type: 'late', toolCallId: 'a', output: 'Two.' };
    const { effects } = after(createLedger(), again('a'), timedOut, late, again('b'));
    expect(told(effects)).toEqual([{ type: 'pass_on', toolCallId: 'b', output: 'Two.' }]);
  });

  it('runs again where that is declared, failed or was stopped', () => {
    const failed: LedgerInput = { type: 'failed', toolCallId: 'a', output: 'No.' };
    const stopped: LedgerInput = { type: 'interrupted', toolCallIds: ['a'] };
    for (const inputs of [
      [again('a'), answer('a'), again('b', { repeatable: true })],
      [again('a'), failed, again('b')],
      [again('a'), stopped, again('b')],
    ]) {
      expect(after(createLedger(), ...inputs).effects).toMatchObject([{ type: 'run' }]);
    }
  });

  it('does not run again where nobody knows whether it took effect, unless that does no harm', () => {
    const timedOut: LedgerInput = { type: 'timed_out', toolCallId: 'a', output: 'Too late.' };
    const unsure = after(createLedger(), again('a'), timedOut, again('b'));
    expect(told(unsure.effects)).toMatchObject([{ type: 'pass_on', toolCallId: 'b' }]);
    expect(findEntry(unsure.state, 'b')).toMatchObject({ state: 'refused' });
    const harmless = after(createLedger(), again('a'), timedOut, again('b', { idempotent: true }));
    expect(harmless.effects).toMatchObject([{ type: 'run' }]);
  });

  it('is the client’s to repeat where the client runs it', () => {
    const client = (toolCallId: string): LedgerInput => call(toolCallId, 'client', { key: 'same' });
    const { effects } = after(createLedger(), client('a'), answer('a', 'client'), client('b'));
    expect(effects).toMatchObject([{ type: 'run' }]);
  });
});

describe('a tool that the model does not wait for', () => {
  it('is told as started at once, and its result as a note', () => {
    const { state, effects } = after(createLedger(), call('a', 'gateway', { detached: true }));
    expect(effects).toMatchObject([{ type: 'run' }, { type: 'pass_on', toolCallId: 'a' }]);
    const done = ledgerStep(state, answer('a'), 5000);
    expect(told(done.effects)).toMatchObject([{ type: 'note', output: 'result of a' }]);
    expect(findEntry(done.state, 'a')).toMatchObject({ state: 'answered' });
  });
});

describe('an interruption', () => {
  it('stops what it names, tells the model so, and leaves the rest and the client’s alone', () => {
    const { state, effects } = after(createLedger(), call('a'), call('b'), call('c', 'client'), {
      type: 'interrupted',
      toolCallIds: ['a', 'c', 'unknown'],
    });
    expect(told(effects)).toMatchObject([
      { type: 'abort', toolCallId: 'a' },
      { type: 'pass_on', toolCallId: 'a' },
    ]);
    expect(state.entries.map((entry) => entry.state)).toEqual(['cancelled', 'running', 'running']);
  });
});

describe('kept answers', () => {
  it('are forgotten oldest first when they are too much together', () => {
    const long = (toolCallId: string): LedgerInput => ({
      type: 'answered',
      toolCallId,
      by: 'gateway',
      output: 'x'.repeat(150_000),
    });
    const { state } = after(createLedger(), call('a'), long('a'), call('b'), long('b'));
    expect(state.entries.map(({ output }) => output?.length ?? null)).toEqual([null, 150_000]);
    // What is forgotten is not answered, and not run again unless that does no harm.
    const again = { key: 'key of a' };
    const unsure = ledgerStep(state, call('c', 'gateway', again), 9000);
    expect(findEntry(unsure.state, 'c')).toMatchObject({ state: 'refused' });
    const harmless = ledgerStep(state, call('c', 'gateway', { ...again, idempotent: true }), 9000);
    expect(harmless.effects).toMatchObject([{ type: 'run' }]);
  });
});
