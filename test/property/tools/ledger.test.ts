import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLedger, ledgerStep } from '../../../src/tools/ledger.ts';
import type {
  LedgerEffect,
  LedgerInput,
  LedgerState,
} from '../../../src/tools/ledger-vocabulary.ts';

const ids = Array.from('abcdefghij');
const idOf = fc.constantFrom(...ids);
const runner = fc.constantFrom('client' as const, 'gateway' as const);

const input: fc.Arbitrary<LedgerInput> = fc.oneof(
  { weight: 8, arbitrary: calledInput() },
  { weight: 6, arbitrary: answeredInput() },
  ...(['failed', 'timed_out', 'refused', 'late'] as const).map((type) => ({
    weight: 2,
    arbitrary: fc.record({ type: fc.constant(type), toolCallId: idOf, output: fc.string() }),
  })),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('interrupted' as const),
      toolCallIds: fc.array(idOf, { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'call_closed' as const }) },
);

const inputs = fc.array(input, { minLength: 5, maxLength: 80 });

function calledInput() {
  return fc.record({
    type: fc.constant('called' as const),
    toolCallId: idOf,
    itemId: fc.constant('item'),
    name: fc.constant('tool'),
    arguments: fc.string(),
    key: fc.constantFrom('one', 'two', 'three'),
    runner,
    repeatable: fc.boolean(),
    idempotent: fc.boolean(),
    detached: fc.boolean(),
  });
}

function answeredInput() {
  return fc.record({
    type: fc.constant('answered' as const),
    toolCallId: idOf,
    by: runner,
    output: fc.string(),
  });
}

function play(inputs: readonly LedgerInput[], limit: number) {
  let state: LedgerState = createLedger({ limit });
  const effects: LedgerEffect[] = [];
  inputs.forEach((each, index) => {
    const result = ledgerStep(state, each, index);
    state = result.state;
    effects.push(...result.effects);
  });
  return { state, effects };
}

describe('ledger, whatever happens', () => {
  it('gives the model one output for each tool call, and only for those that were asked for', () => {
    fc.assert(
      fc.property(inputs, (played) => {
        const { effects } = play(played, ids.length);
        const passedOn = effects
          .filter((effect) => effect.type === 'pass_on')
          .map((effect) => effect.toolCallId);
        expect(new Set(passedOn).size).toBe(passedOn.length);
        const asked = new Set(
          played.flatMap((each) => (each.type === 'called' ? [each.toolCallId] : [])),
        );
        for (const toolCallId of passedOn) expect(asked).toContain(toolCallId);
      }),
      { numRuns: 500 },
    );
  });

  it('runs nothing twice that may have taken effect, unless that is declared', () => {
    let shared = 0;
    fc.assert(
      fc.property(inputs, (played) => {
        let state = createLedger({ limit: ids.length });
        const ran = new Map<string, string>();
        played.forEach((each, index) => {
          const before = state;
          const { state: next, effects } = ledgerStep(state, each, index);
          state = next;
          shared = Math.max(shared, state.sharedCalls);
          for (const effect of effects) {
            if (effect.type !== 'run' || each.type !== 'called') continue;
            const earlier = before.entries.find(
              ({ toolCallId }) => toolCallId === ran.get(each.key),
            );
            ran.set(each.key, each.toolCallId);
            if (each.repeatable || each.runner === 'client' || earlier === undefined) continue;
            const harmless = ['failed', 'refused', 'cancelled'].includes(earlier.state);
            expect(harmless || (earlier.state === 'timed_out' && each.idempotent)).toBe(true);
          }
        });
      }),
      { numRuns: 500 },
    );
    // The property has met what it is about.
    expect(shared).toBeGreaterThan(1);
  });

  it('leaves no request without an output, once everything that ran is over', () => {
    fc.assert(
      fc.property(inputs, (played) => {
        const open = played.filter(({ type }) => type !== 'call_closed');
        const { state, effects } = play(open, ids.length);
        const rest = state.entries
          .filter(({ state: now }) => now === 'running')
          .map(({ toolCallId }): LedgerInput => ({ type: 'failed', toolCallId, output: 'No.' }));
        const last = rest.flatMap((each, index) => {
          const from = rest
            .slice(0, index)
            .reduce((now, it) => ledgerStep(now, it, 99).state, state);
          return ledgerStep(from, each, 99).effects;
        });
        const told = new Set(
          [...effects, ...last].flatMap((effect) =>
            effect.type === 'pass_on' ? [effect.toolCallId] : [],
          ),
        );
        for (const { toolCallId } of state.entries) expect(told).toContain(toolCallId);
      }),
    );
  });

  it('keeps to its limit and forgets only what is finished', () => {
    fc.assert(
      fc.property(
        fc.array(input, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        (inputs, limit) => {
          let state: LedgerState = createLedger({ limit });
          inputs.forEach((each, index) => {
            const before = state;
            state = ledgerStep(state, each, index).state;
            expect(state.entries.length).toBeLessThanOrEqual(limit);
            for (const entry of before.entries.filter((old) => old.state === 'running')) {
              const still = state.entries.some((now) => now.toolCallId === entry.toolCallId);
              expect(still).toBe(true);
            }
          });
        },
      ),
    );
  });

  it('goes on the same after a round trip through JSON', () => {
    fc.assert(
      fc.property(
        fc.array(input, { maxLength: 30 }),
        fc.array(input, { maxLength: 30 }),
        (before, afterwards) => {
          const { state } = play(before, 3);
          const copy = JSON.parse(JSON.stringify(state)) as LedgerState;
          expect(copy).toEqual(state);
          let left = state;
          let right = copy;
          for (const each of afterwards) {
            const one = ledgerStep(left, each, 1000);
            const other = ledgerStep(right, each, 1000);
            expect(other).toEqual(one);
            left = one.state;
            right = other.state;
          }
        },
      ),
    );
  });
});
