import { describe, expect, it } from 'vitest';
import { fc, test } from '@fast-check/vitest';
import { hedgeStep, noHedge, type HedgeInput, type HedgeState } from '../../../src/call/hedge.ts';

const lineId = 'line_1';

function run(...inputs: readonly (readonly [atMs: number, input: HedgeInput])[]) {
  let state: HedgeState = noHedge;
  const effects: string[] = [];
  for (const [atMs, input] of inputs) {
    const step = hedgeStep(state, input, atMs);
    state = step.state;
    effects.push(...step.effects.map(({ type }) => type));
  }
  return { state, effects };
}

const asked: HedgeInput = { type: 'asked', lineId, lateMs: 500 };
const own = (what: 'begun' | 'audible' | 'finished' | 'out'): HedgeInput => {
  return { type: 'own', lineId, what };
};
const rival = (what: 'begun' | 'audible' | 'finished' | 'out'): HedgeInput => {
  return { type: 'rival', lineId, what };
};
const racing = [
  [0, asked],
  [500, { type: 'wake' }],
  [550, { type: 'rival.asked' }],
] as const;

describe('a race for one turn', () => {
  it('does not begin where the answer is in time, the line is over, or nobody knows what is late', () => {
    expect(run([0, asked], [499, { type: 'wake' }]).effects).toEqual([]);
    expect(run([0, asked], [400, own('begun')], [500, { type: 'wake' }]).effects).toEqual([]);
    const over = { type: 'over', lineId } as const;
    expect(run([0, asked], [400, over], [500, { type: 'wake' }]).effects).toEqual([]);
    expect(run([0, { ...asked, lateMs: null }], [9000, { type: 'wake' }]).effects).toEqual([]);
  });

  it('begins when it is late, and the first that can be heard wins', () => {
    expect(run(...racing).effects).toEqual(['ask']);
    expect(run(...racing, [600, own('begun')], [610, rival('audible')]).effects).toEqual([
      'ask',
      'won',
    ]);
    expect(run(...racing, [600, rival('begun')], [610, own('audible')]).effects).toEqual([
      'ask',
      'lost',
    ]);
  });

  it('is won by an answer that only calls tools, once that is whole', () => {
    expect(run(...racing, [600, rival('begun')], [700, rival('finished')]).effects).toEqual([
      'ask',
      'won',
    ]);
    expect(run(...racing, [600, own('begun')], [700, own('finished')]).effects).toEqual([
      'ask',
      'lost',
    ]);
  });

  it('is over for a rival that is out, and goes on for one whose opponent is', () => {
    expect(run(...racing, [600, rival('out')]).effects).toEqual(['ask', 'lost']);
    expect(run(...racing, [600, own('out')], [700, rival('audible')]).effects).toEqual([
      'ask',
      'won',
    ]);
  });

  it('says how long each took', () => {
    const { state } = run(...racing);
    expect(hedgeStep(state, rival('audible'), 900).effects).toEqual([
      { type: 'won', ownMs: 900, rivalMs: 350 },
    ]);
  });

  const what = fc.constantFrom('begun', 'audible', 'finished', 'out');
  const line = fc.constantFrom('line_1', 'line_2');
  const anyInput: fc.Arbitrary<HedgeInput> = fc.oneof(
    fc.record({ type: fc.constant('asked'), lineId: line, lateMs: fc.constantFrom(null, 0, 50) }),
    fc.record({ type: fc.constantFrom('own', 'rival'), lineId: line, what }),
    fc.record({ type: fc.constant('rival.asked') }),
    fc.record({ type: fc.constant('over'), lineId: line }),
    fc.record({ type: fc.constant('left') }),
    fc.record({ type: fc.constant('wake') }),
  );

  test.prop([fc.array(anyInput, { maxLength: 60 })], { endOnFailure: true })(
    'every race that begins ends at most once, and a rival wins only what it was asked',
    (inputs) => {
      let state: HedgeState = noHedge;
      let running = false;
      for (const [place, input] of inputs.entries()) {
        const before: HedgeState = state;
        const step = hedgeStep(state, input, place * 20);
        state = step.state;
        for (const { type } of step.effects) {
          if (type === 'ask') {
            expect(running).toBe(false);
            running = true;
            continue;
          }
          expect(running).toBe(true);
          running = false;
          if (type === 'won') {
            expect(before).toMatchObject({ kind: 'racing' });
            expect(before.kind === 'racing' && before.rivalAtMs !== null).toBe(true);
          }
        }
        expect(running).toBe(state.kind === 'racing');
        if (step.wakeAtMs !== null) expect(state.kind).toBe('asked');
      }
    },
  );
});
