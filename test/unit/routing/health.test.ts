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
    const warm = healthStep(twice, { type: 'success' }, 7200);
    expect(warm).toMatchObject({ kind: 'warming', sinceMs: 7200 });
  });

  it('is given more calls from step to step after that, and then all of them', () => {
    const tried = healthStep(after(...thrice), { type: 'chosen' }, 6000);
    let state = [7000, 7100, 7200].reduce(
      (now, atMs) => healthStep(now, { type: 'success' }, atMs),
      tried,
    );
    const sentPerStep: number[] = [];
    for (let step = 0; step < 5; step += 1) {
      let sent = 0;
      for (let atMs = 7200 + step * 3000; atMs < 7200 + (step + 1) * 3000; atMs += 25) {
        if (!isTrusted(state, atMs)) continue;
        sent += 1;
        state = healthStep(state, { type: 'chosen' }, atMs);
      }
      sentPerStep.push(sent);
    }
    expect(sentPerStep).toEqual([6, 12, 24, 40, 60]);
    expect(healthAt(state, 7200 + 15_000)).toEqual(healthy);
    const lost = [7300, 7400, 7500].reduce(
      (now, atMs) => healthStep(now, { type: 'lost' }, atMs),
      state,
    );
    expect(lost).toMatchObject({ kind: 'open', openings: 2 });
  });

  it('counts what is only slow as half a failure', () => {
    const late = (count: number): HealthState =>
      after(...Array.from({ length: count }, (_, at) => [at * 100, 'late'] as const));
    expect(late(5).kind).toBe('closed');
    expect(late(6).kind).toBe('open');
  });

  it('bears failures that are few beside what goes well', () => {
    const busy = after(
      ...Array.from({ length: 100 }, (_, at) => [at * 100, 'success'] as const),
      [10_000, 'lost'],
      [10_100, 'lost'],
      [10_200, 'lost'],
      [10_300, 'lost'],
    );
    expect(busy.kind).toBe('closed');
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
