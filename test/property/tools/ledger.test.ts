import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createLedger,
  ledgerStep,
  type LedgerEffect,
  type LedgerInput,
  type LedgerState,
} from '../../../src/tools/ledger.ts';

const idOf = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const runner = fc.constantFrom('client' as const, 'gateway' as const);

const input: fc.Arbitrary<LedgerInput> = fc.oneof(
  fc.record({
    type: fc.constant('called' as const),
    toolCallId: idOf,
    itemId: fc.constant('item'),
    name: fc.constant('tool'),
    arguments: fc.string(),
    runner,
  }),
  fc.record({
    type: fc.constant('answered' as const),
    toolCallId: idOf,
    by: runner,
    output: fc.string(),
  }),
  fc.record({ type: fc.constant('failed' as const), toolCallId: idOf, output: fc.string() }),
  fc.record({ type: fc.constant('timed_out' as const), toolCallId: idOf, output: fc.string() }),
  fc.record({ type: fc.constant('late' as const), toolCallId: idOf }),
  fc.constant({ type: 'call_closed' as const }),
);

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
  it('never passes two answers on for one tool call', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
        const { effects } = play(inputs, 5);
        const passedOn = effects
          .filter((effect) => effect.type === 'pass_on')
          .map((effect) => effect.toolCallId);
        expect(new Set(passedOn).size).toBe(passedOn.length);
      }),
    );
  });

  it('passes an answer on only for what was called, and runs nothing twice', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
        const { effects } = play(inputs, 5);
        const run = new Set<string>();
        for (const effect of effects) {
          if (effect.type === 'run') {
            expect(run.has(effect.entry.toolCallId)).toBe(false);
            run.add(effect.entry.toolCallId);
          }
          if (effect.type === 'pass_on') expect(run.has(effect.toolCallId)).toBe(true);
        }
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
