import { describe, expect, test } from 'vitest';
import type { AgentDefinition, RouteArm, RouteRule } from '../../../src/ports/agent.ts';
import { inWindow, isZone } from '../../../src/routing/daily-window.ts';
import { backendsOf, routeOf, type CallFacts } from '../../../src/routing/route.ts';
import { armOf } from '../../../src/routing/share.ts';
import { builtinAgents } from '../../../src/server/builtin.ts';

const noon = Date.UTC(2026, 5, 3, 12);
const facts: CallFacts = { keyId: null, subject: 's', language: null, epochMs: noon };

function agentWith(...rules: readonly RouteRule[]): AgentDefinition {
  return { ...builtinAgents[0]!, name: 'desk', backends: ['a', 'b'], rules };
}

function rule(name: string, when: RouteRule['when'], ...backends: readonly string[]): RouteRule {
  return { name, when, arms: [{ name, weight: 1, backends }] };
}

describe('the choice of backends', () => {
  test('is the order of the agent where no rule fits, and where there is none', () => {
    const byOrder = { rule: null, arm: null, backends: ['a', 'b'] };
    expect(routeOf(agentWith(), facts)).toEqual(byOrder);
    expect(routeOf(agentWith(rule('vip', { keys: ['gold'] }, 'c')), facts)).toEqual(byOrder);
  });

  test('is the first rule that fits, and its list is the whole list', () => {
    const agent = agentWith(
      rule('vip', { keys: ['gold', 'silver'] }, 'c'),
      rule('german', { languages: ['de'] }, 'd', 'a'),
      rule('rest', {}, 'b'),
    );
    const route = (over: Partial<CallFacts>) => routeOf(agent, { ...facts, ...over });
    expect(route({ keyId: 'silver', language: 'de' })).toEqual({
      rule: 'vip',
      arm: null,
      backends: ['c'],
    });
    expect(route({ keyId: 'bronze', language: 'de-AT' }).backends).toEqual(['d', 'a']);
    expect(route({ language: 'en' })).toMatchObject({ rule: 'rest', backends: ['b'] });
    expect(backendsOf(agent)).toEqual(['a', 'b', 'c', 'd']);
  });

  test.each([
    ['de', true],
    ['DE', true],
    ['de-AT', true],
    ['de_CH', true],
    ['den', false],
    ['en', false],
    [null, false],
  ])('language %s for de: %s', (language, fits) => {
    const route = routeOf(agentWith(rule('german', { languages: ['de'] }, 'd')), {
      ...facts,
      language,
    });
    expect(route.rule === 'german').toBe(fits);
  });

  test('all of a condition must fit', () => {
    const agent = agentWith(rule('both', { keys: ['gold'], languages: ['de'] }, 'c'));
    expect(routeOf(agent, { ...facts, keyId: 'gold' }).rule).toBeNull();
    expect(routeOf(agent, { ...facts, language: 'de' }).rule).toBeNull();
    expect(routeOf(agent, { ...facts, keyId: 'gold', language: 'de' }).rule).toBe('both');
  });

  test('divides callers by subject, and tells the arm', () => {
    const agent = agentWith({
      name: 'trial',
      when: {},
      arms: [
        { name: 'old', weight: 1, backends: ['a'] },
        { name: 'new', weight: 1, backends: ['b'] },
      ],
    });
    const of = (subject: string) => routeOf(agent, { ...facts, subject });
    const arms = new Set(Array.from({ length: 50 }, (_, at) => of(`caller ${at}`).arm));
    expect(arms).toEqual(new Set(['old', 'new']));
    expect(of('caller 7')).toEqual(of('caller 7'));
  });
});

describe('a time of day', () => {
  const zone = 'Europe/Berlin';
  const everyDay = [0, 1, 2, 3, 4, 5, 6];
  const at = (text: string): number => Date.parse(text);

  test.each([
    ['2026-01-07T07:59:59Z', false],
    ['2026-01-07T08:00:00Z', true],
    ['2026-01-07T15:59:59Z', true],
    ['2026-01-07T16:00:00Z', false],
    // Summer time: an hour earlier.
    ['2026-07-08T07:00:00Z', true],
    ['2026-07-08T15:00:00Z', false],
    // Saturday.
    ['2026-01-10T09:00:00Z', false],
  ])('from nine to five on weekdays in Berlin: %s is %s', (text, inside) => {
    const window = { fromMinute: 540, toMinute: 1020, zone, days: [1, 2, 3, 4, 5] };
    expect(inWindow(window, at(text))).toBe(inside);
  });

  test.each([
    ['2026-01-09T21:00:00Z', true], // Friday, 22:00
    ['2026-01-10T04:59:00Z', true], // Saturday, 05:59, of Friday's night
    ['2026-01-10T05:00:00Z', false],
    ['2026-01-10T21:30:00Z', false], // Saturday night is none
    ['2026-01-09T04:00:00Z', false], // Friday morning is Thursday's night
  ])('a Friday night belongs to Friday: %s is %s', (text, inside) => {
    const window = { fromMinute: 1320, toMinute: 360, zone, days: [5] };
    expect(inWindow(window, at(text))).toBe(inside);
  });

  test('from a time to itself is the whole day', () => {
    const window = { fromMinute: 0, toMinute: 0, zone, days: everyDay };
    expect(inWindow(window, noon)).toBe(true);
    // 22:30 in UTC is the next day in Berlin.
    const sunday = { ...window, days: [0] };
    expect(inWindow(sunday, at('2026-07-04T22:30:00Z'))).toBe(true);
    expect(inWindow(sunday, at('2026-07-05T22:30:00Z'))).toBe(false);
  });

  test('midnight is the first minute of its day', () => {
    const window = { fromMinute: 0, toMinute: 1, zone: 'UTC', days: [3] };
    expect(inWindow(window, at('2026-06-03T00:00:30Z'))).toBe(true);
    expect(inWindow(window, at('2026-06-03T00:01:00Z'))).toBe(false);
  });

  test('a zone is one of the world', () => {
    expect(['UTC', 'Asia/Kolkata', 'Mars/Olympus', ''].map(isZone)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('shares', () => {
  const arms = (weights: Readonly<Record<string, number>>): readonly RouteArm[] =>
    Object.entries(weights).map(([name, weight]) => ({ name, weight, backends: ['x'] }));
  const subjects = Array.from({ length: 20_000 }, (_, at) => `user-${at}`);
  const divided = (given: readonly RouteArm[], salt = 'salt') =>
    subjects.map((subject) => armOf(given, salt, subject).name);
  const share = (names: readonly string[], name: string): number =>
    names.filter((it) => it === name).length / names.length;

  test('are as the weights say, within what chance allows', () => {
    const names = divided(arms({ a: 1, b: 3, c: 6 }));
    // Three standard deviations of 20,000 draws are at most 0.011.
    expect(Math.abs(share(names, 'a') - 0.1)).toBeLessThan(0.011);
    expect(Math.abs(share(names, 'b') - 0.3)).toBeLessThan(0.011);
    expect(Math.abs(share(names, 'c') - 0.6)).toBeLessThan(0.011);
  });

  test('an arm more takes callers away, and moves nobody among the others', () => {
    const before = divided(arms({ a: 1, b: 1 }));
    const after = divided(arms({ a: 1, b: 1, c: 1 }));
    const moved = after.filter((name, at) => name !== before[at]);
    expect(new Set(moved)).toEqual(new Set(['c']));
    expect(Math.abs(moved.length / after.length - 1 / 3)).toBeLessThan(0.011);
  });

  test('more weight moves callers to that arm alone, and order does not matter', () => {
    const before = divided(arms({ a: 1, b: 1 }));
    const after = divided(arms({ b: 2, a: 1 }));
    const moved = after.filter((name, at) => name !== before[at]);
    expect(new Set(moved)).toEqual(new Set(['b']));
    expect(divided(arms({ b: 1, a: 1 }))).toEqual(before);
  });

  test('another rule divides anew', () => {
    const one = divided(arms({ a: 1, b: 1 }), 'desk/one');
    const other = divided(arms({ a: 1, b: 1 }), 'desk/two');
    const same = one.filter((name, at) => name === other[at]).length / one.length;
    expect(Math.abs(same - 0.5)).toBeLessThan(0.011);
  });
});
