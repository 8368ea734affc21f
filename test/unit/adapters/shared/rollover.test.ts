import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstOpening,
  rolloverStep,
  type RolloverInput,
  type RolloverOptions,
  type RolloverState,
} from '../../../../adapters/shared/rollover.ts';

const options: RolloverOptions = {
  capMs: 600_000,
  leadMs: 60_000,
  marginMs: 500,
  attempts: 3,
  againAfterMs: { first: 250, most: 2000 },
};

/** Runs inputs given with their times; returns what was wanted when. */
function run(
  inputs: readonly (readonly [number, RolloverInput])[],
  differing: Partial<RolloverOptions> = {},
): { effects: (readonly [number, string])[]; state: RolloverState; wakeAtMs: number | null } {
  let state = firstOpening;
  let wakeAtMs: number | null = null;
  const effects: (readonly [number, string])[] = [];
  for (const [atMs, input] of inputs) {
    const step = rolloverStep(state, input, atMs, { ...options, ...differing });
    state = step.state;
    wakeAtMs = step.wakeAtMs;
    effects.push(...step.effects.map((effect) => [atMs, effect] as const));
  }
  return { effects, state, wakeAtMs };
}

const connected = { type: 'connected' } as const;
const tick = { type: 'tick' } as const;
const quiet = { type: 'quiet', quiet: true } as const;
const busy = { type: 'quiet', quiet: false } as const;
const lost = { type: 'lost', retryable: true, chance: 0 } as const;
const refused = { type: 'refused', retryable: true, chance: 0 } as const;

describe('rollover', () => {
  it('does nothing long before the cap', () => {
    const { effects, wakeAtMs } = run([
      [0, connected],
      [1000, quiet],
      [500_000, tick],
    ]);
    expect(effects).toEqual([]);
    expect(wakeAtMs).toBe(540_000);
  });

  it('changes at once where it is quiet when the time comes', () => {
    const { effects } = run([
      [0, connected],
      [1000, quiet],
      [540_000, tick],
    ]);
    expect(effects).toEqual([[540_000, 'open']]);
  });

  it('waits for a quiet moment, but not beyond the cap', () => {
    const waiting = [
      [0, connected],
      [1000, busy],
      [540_000, tick],
    ] as const;
    expect(run(waiting).wakeAtMs).toBe(599_500);
    expect(run([...waiting, [550_000, quiet]]).effects).toEqual([[550_000, 'open']]);
    expect(run([...waiting, [599_500, tick]]).effects).toEqual([[599_500, 'open']]);
  });

  it('needs no cap', () => {
    const { effects, wakeAtMs } = run(
      [
        [0, connected],
        [9e9, tick],
      ],
      { capMs: null },
    );
    expect(effects).toEqual([]);
    expect(wakeAtMs).toBeNull();
  });

  it('keeps to a notice, the earlier of several, and to the cap if that is earlier', () => {
    const told = [
      [0, connected],
      [1000, { type: 'notice', leftMs: 60_000 }],
    ] as const;
    expect(run(told).wakeAtMs).toBe(60_500);
    expect(run([...told, [2000, { type: 'notice', leftMs: 10_000 }]]).wakeAtMs).toBe(11_500);
    expect(run([...told, [2000, { type: 'notice', leftMs: 100_000 }]]).wakeAtMs).toBe(60_500);
    expect(run(told, { capMs: 30_000, leadMs: 1000 }).wakeAtMs).toBe(29_500);
  });

  it('leaves a quarter of a short notice', () => {
    const { wakeAtMs } = run([
      [0, connected],
      [1000, { type: 'notice', leftMs: 400 }],
    ]);
    expect(wakeAtMs).toBe(1300);
  });

  it('takes another connection when it is wanted and quiet, without a deadline before the cap', () => {
    const wanted = [
      [0, connected],
      [1000, { type: 'wanted' }],
    ] as const;
    expect(run(wanted).wakeAtMs).toBe(599_500);
    expect(run([...wanted, [2000, quiet]]).effects).toEqual([[2000, 'open']]);
  });

  it('replaces a lost connection at once, then later and later, then not at all', () => {
    const { effects, state } = run([
      [0, connected],
      [1000, lost],
      [1001, connected],
      [1002, lost],
      [1251, tick],
      [1252, tick],
      [1253, refused],
      [1753, tick],
      [1754, refused],
    ]);
    expect(effects).toEqual([
      [1000, 'open'],
      [1252, 'open'],
      [1753, 'open'],
      [1754, 'give_up'],
    ]);
    expect(state).toEqual({ kind: 'over' });
  });

  it('forgets earlier losses once something came of a connection', () => {
    const once = [
      [0, connected],
      [1, lost],
      [2, connected],
      [3, { type: 'progress' }],
    ] as const;
    const { effects } = run([
      ...once,
      [4, lost],
      [5, connected],
      [6, { type: 'progress' }],
      [7, lost],
    ]);
    expect(effects.map(([, effect]) => effect)).toEqual(['open', 'open', 'open']);
  });

  it('gives up at once where the same again would end the same way', () => {
    const final = { type: 'lost', retryable: false, chance: 0 } as const;
    expect(
      run([
        [0, connected],
        [1, final],
      ]).effects,
    ).toEqual([[1, 'give_up']]);
  });

  it('spreads attempts over up to twice the shortest time', () => {
    const late = { type: 'refused', retryable: true, chance: 0.999 } as const;
    const { wakeAtMs } = run([
      [0, connected],
      [1, lost],
      [2, late],
    ]);
    expect(wakeAtMs).toBeGreaterThan(2 + 499);
    expect(wakeAtMs).toBeLessThanOrEqual(2 + 500);
  });

  it('never opens two at once, never does anything after it gave up, never sleeps on a change', () => {
    const input: fc.Arbitrary<RolloverInput> = fc.oneof(
      fc.constant(connected),
      fc.constant<RolloverInput>({ type: 'progress' }),
      fc.constant<RolloverInput>({ type: 'wanted' }),
      fc.constant<RolloverInput>(tick),
      fc.record({ type: fc.constant('notice' as const), leftMs: fc.nat(60_000) }),
      fc.record({ type: fc.constant('quiet' as const), quiet: fc.boolean() }),
      fc.record({
        type: fc.constantFrom('lost' as const, 'refused' as const),
        retryable: fc.boolean(),
        chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5000), input), { maxLength: 60 }), (steps) => {
        let state = firstOpening;
        let nowMs = 0;
        let opening = true;
        let over = false;
        for (const [afterMs, next] of steps) {
          nowMs += afterMs;
          if (next.type === 'connected' && state.kind !== 'opening') continue;
          const step = rolloverStep(state, next, nowMs, options);
          if (next.type === 'connected' || next.type === 'refused') opening = false;
          for (const effect of step.effects) {
            expect(over).toBe(false);
            if (effect === 'open') {
              expect(opening).toBe(false);
              opening = true;
            } else {
              over = true;
            }
          }
          state = step.state;
          if (step.wakeAtMs !== null && state.kind !== 'steady') {
            expect(step.wakeAtMs).toBeGreaterThan(nowMs);
          }
        }
      }),
    );
  });
});
