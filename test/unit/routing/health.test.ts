import { describe, expect, it } from 'vitest';
import { healthAt, healthStep, healthy, isTrusted } from '../../../src/routing/health.ts';
import type { HealthInput, HealthState } from '../../../src/routing/health.ts';

function after(...steps: readonly (readonly [number, HealthInput['type']])[]): HealthState {
  return steps.reduce<HealthState>(
    (state, [atMs, type]) => healthStep(state, { type }, atMs),
    healthy,
  );
}

const thrice = [
  [0, 'lost'],
  [100, 'refused'],
  [200, 'stalled'],
] as const;

describe('the breaker of a backend', () => {
  it('opens after three failures within half a minute, for 5 s', () => {
    expect(isTrusted(after([0, 'lost'], [100, 'lost']), 100)).toBe(true);
    const state = after(...thrice);
    expect(state).toEqual({ kind: 'open', untilMs: 5200, openings: 1 });
    expect(isTrusted(state, 5199)).toBe(false);
    expect(isTrusted(state, 5200)).toBe(true);
  });

  it('forgets failures that lie further apart', () => {
    const state = after([0, 'lost'], [20_000, 'lost'], [30_000, 'lost'], [50_001, 'lost']);
    expect(state.kind).toBe('closed');
  });

  it('lets one call a second try it then, until three have succeeded', () => {
    const tried = healthStep(after(...thrice), { type: 'chosen' }, 6000);
    expect(isTrusted(tried, 6999)).toBe(false);
    expect(isTrusted(tried, 7000)).toBe(true);
    const twice = [7000, 7100].reduce(
      (state, atMs) => healthStep(state, { type: 'success' }, atMs),
      tried,
    );
    expect(twice).toMatchObject({ kind: 'half_open', successes: 2 });
    expect(healthStep(twice, { type: 'success' }, 7200)).toEqual(healthy);
  });

  it('stays open for longer each time a trial fails, two minutes at most', () => {
    let state = after(...thrice);
    const lengths: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      if (state.kind !== 'open') throw new Error(`is ${state.kind}`);
      const atMs = state.untilMs;
      expect(healthAt(state, atMs).kind).toBe('half_open');
      state = healthStep(state, { type: 'refused' }, atMs);
      if (state.kind === 'open') lengths.push(state.untilMs - atMs);
    }
    expect(lengths).toEqual([10_000, 20_000, 40_000, 80_000, 120_000, 120_000, 120_000, 120_000]);
  });

  it('takes neither successes nor failures while it is open', () => {
    const state = after(...thrice);
    expect(healthStep(state, { type: 'success' }, 300)).toEqual(state);
    expect(healthStep(state, { type: 'lost' }, 300)).toEqual(state);
  });
});
