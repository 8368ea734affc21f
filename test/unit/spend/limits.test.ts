import { describe, expect, it } from 'vitest';
import { exceeded, limitStep, unlimited } from '../../../src/spend/limits.ts';

const used = { spend: 0, minutes: 0, tokens: 0 };

describe('limits of a call', () => {
  const at = (
    told: ReadonlySet<string>,
    spend: number,
  ): { told: ReadonlySet<string>; stages: string[] } => {
    const scopes = [
      { scope: 'call', limits: { ...unlimited, spend: 1 }, used: { ...used, spend } } as const,
    ];
    const step = limitStep(told, scopes, 0.8);
    return { told: step.told, stages: step.notices.map(({ stage }) => stage) };
  };

  it('tell each stage once', () => {
    const first = at(new Set(), 0.5);
    expect(first.stages).toEqual([]);
    const second = at(first.told, 0.85);
    expect(second.stages).toEqual(['near']);
    expect(at(second.told, 0.9).stages).toEqual([]);
    const third = at(second.told, 1);
    expect(third.stages).toEqual(['reached']);
    expect(at(third.told, 2).stages).toEqual([]);
  });

  it('tell nothing of being near once they are reached', () => {
    const { told, stages } = at(new Set(), 3);
    expect(stages).toEqual(['reached']);
    expect(at(told, 0.9).stages).toEqual([]);
  });

  it('are those of the key and of the day too', () => {
    const scopes = (['call', 'key', 'day'] as const).map((scope) => ({
      scope,
      limits: { ...unlimited, tokens: 10 },
      used: { ...used, tokens: 10 },
    }));
    const { notices } = limitStep(new Set(), scopes, 0.8);
    expect(notices.map(({ scope, of }) => `${scope} ${of}`)).toEqual([
      'call tokens',
      'key tokens',
      'day tokens',
    ]);
  });

  it('do not exist unless they are set', () => {
    expect(exceeded(unlimited, { spend: 1e9, minutes: 1e9, tokens: 1e9 })).toBeNull();
    expect(exceeded({ ...unlimited, minutes: 3 }, { ...used, minutes: 3 })).toBe('minutes');
  });
});
