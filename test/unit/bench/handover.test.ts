import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PartialResults } from '../../../bench/handover/partial-results.ts';
import {
  callerNumbers,
  expectedNumbers,
  longTalk,
  nextToSay,
  shortTalk,
} from '../../../bench/handover/script.ts';
import { countedSpeech } from '../../ear/counted-speech.ts';
import { judge, judgedRateHz } from '../../../bench/handover/judge.ts';
import { deathsOf, moments, planKills } from '../../../bench/handover/kills.ts';
import { kinds, orders } from '../../../bench/handover/kinds.ts';
import { parseBench } from '../../../bench/arguments.ts';
import { wordOf } from '../../conformance/counted-voice.ts';
import type { KilledCall } from '../../../bench/handover/killed-call.ts';
import type { SaidTurn } from '../../upstream/said.ts';

const user = (numbers: readonly number[]): SaidTurn => ({ role: 'user', text: numbers.join(' ') });
const agent = (text: string): SaidTurn => ({ role: 'assistant', text });

describe('the model of bench handover', () => {
  it('says back what was said and counts on, by its history alone', () => {
    const first = nextToSay([user(callerNumbers(0))], false);
    expect(first).toEqual({ numbers: expectedNumbers(1) });
    const second = nextToSay(
      [user(callerNumbers(0)), agent(expectedNumbers(1).join(' ')), user(callerNumbers(1))],
      false,
    );
    expect(second).toEqual({ numbers: expectedNumbers(2).slice(3 + shortTalk.agentWords) });
  });

  it('takes a turn that is shown in pieces for one', () => {
    const [a = 0, b = 0, c = 0] = callerNumbers(0);
    const tool = { role: 'tool', text: 'look_up' } as const;
    expect(nextToSay([user([a, b]), tool, user([c])], false)).toEqual({
      numbers: expectedNumbers(1),
    });
  });

  it('goes on from what it is told it has said, in figures or in the words of the voice', () => {
    const [a = 0, b = 0, ...rest] = expectedNumbers(1);
    for (const said of [`${a} ${b}`, `${wordOf(a)} ${wordOf(b)}`]) {
      expect(nextToSay([user(callerNumbers(0)), agent(said)], false)).toEqual({ numbers: rest });
    }
  });

  it('leaves out what it is told was heard without a text, once', () => {
    const [a = 0, ...rest] = expectedNumbers(1);
    const note = 'Go on. You said about 2 words more (0.4 s) that the caller heard: go on.';
    const asked = [user(callerNumbers(0)), agent(`${a}`)];
    const told = [...asked, { role: 'user', text: note } as const];
    expect(nextToSay(told, false)).toEqual({ numbers: rest.slice(2) });
    expect(nextToSay([{ role: 'system', text: note }, ...asked], false)).toEqual({
      numbers: rest.slice(2),
    });
    const later = [...told, agent(rest.slice(2).join(' ')), user(callerNumbers(1))];
    expect(nextToSay(later, false)).toEqual({ numbers: expectedNumbers(2).slice(9) });
  });

  it('has words of its own for each turn of a long conversation', () => {
    const all = expectedNumbers(120, longTalk);
    expect(new Set(all)).toHaveLength(all.length);
    expect(Math.max(...all)).toBeLessThan(1024);
    expect(all).not.toContain(499);
    const said = [user(callerNumbers(0, longTalk)), agent(expectedNumbers(1, longTalk).join(' '))];
    expect(nextToSay([...said, user(callerNumbers(1, longTalk))], false, longTalk)).toEqual({
      numbers: expectedNumbers(2, longTalk).slice(7),
    });
  });

  it('leaves out what it was not told, and calls a tool once', () => {
    expect(nextToSay([user([])], false)).toEqual({ numbers: expectedNumbers(1).slice(3) });
    const asked = [user(callerNumbers(0))];
    expect(nextToSay(asked, true)).toMatchObject({ tool: { name: 'look_up' } });
    const called = [...asked, { role: 'tool', text: 'look_up' } as const];
    expect(nextToSay(called, true)).toEqual({ numbers: expectedNumbers(1) });
  });
});

describe('the judge of bench handover', () => {
  const said = (
    ...stretches: (readonly [first: number, words: number] | number)[]
  ): Float32Array => {
    const parts = stretches.map((each) =>
      typeof each === 'number'
        ? new Float32Array((each * judgedRateHz) / 1000)
        : countedSpeech({ firstNumber: each[0], words: each[1], rateHz: judgedRateHz }).samples,
    );
    const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
    parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
    return all;
  };

  const heardOf = (sound: Float32Array) => ({ said: sound, played: sound });

  it('finds nothing where all was heard, and the gap in the middle of a turn', () => {
    const heard = said(200, [500, 3], [101, 2], 700, [103, 4], 900);
    const verdict = judge(heardOf(heard), expectedNumbers(1), 200 + 5 * 260);
    expect(verdict).toMatchObject({
      lostCaller: [],
      lostAgent: [],
      repeated: [],
      unsaid: [],
      outOfOrder: 0,
    });
    expect(verdict.gapMs).toBeGreaterThan(740);
    expect(verdict.gapMs).toBeLessThan(820);
  });

  it('finds what is lost, said twice, said by nobody and out of order', () => {
    const heard = said([500, 2], [102, 5], [104, 1], [300, 1]);
    expect(judge(heardOf(heard), expectedNumbers(1), null)).toMatchObject({
      lostCaller: [502],
      lostAgent: [101],
      repeated: [104],
      unsaid: [300],
      outOfOrder: 1,
      gapMs: null,
    });
  });

  it('counts words by what came, however its player had to pause', () => {
    const all = said([500, 3], [101, 6]);
    const torn = said([500, 3], [101, 1]);
    expect(judge({ said: all, played: torn }, expectedNumbers(1), null)).toMatchObject({
      lostCaller: [],
      lostAgent: [],
    });
  });

  it('takes a word that broke off for heard when half of it was', () => {
    const broken = (ms: number): Float32Array => {
      const before = said([500, 3], [101, 2]);
      const next = said([103, 1]).subarray(0, (ms * judgedRateHz) / 1000);
      const after = said(150, [104, 3]);
      const all = new Float32Array(before.length + next.length + after.length);
      all.set(before);
      all.set(next, before.length);
      all.set(after, before.length + next.length);
      return all;
    };
    const verdictAt = (ms: number) => judge(heardOf(broken(ms)), expectedNumbers(1), null);
    for (const ms of [20, 40, 60]) expect(verdictAt(ms)).toMatchObject({ lostAgent: [103] });
    expect(verdictAt(160)).toMatchObject({ lostAgent: [], half: [], damaged: 1 });
    for (const ms of [100, 110, 120]) {
      expect(verdictAt(ms)).toMatchObject({ lostAgent: [], half: [103], unsaid: [] });
    }
    // Other sounds are no part of a word.
    const noise = said([500, 3], [101, 2], 400, [104, 3]);
    for (let i = 0; i < 6000; i += 1) noise[32_000 + i] = 0.1 * Math.sin(i / 7);
    expect(judge(heardOf(noise), expectedNumbers(1), null)).toMatchObject({ lostAgent: [103] });
  });
});

describe('the results of bench handover', () => {
  it('are gone on with where the plan is the same, but for a line that was broken off', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-partial-'));
    const path = join(folder, 'part.jsonl');
    const key = { kills: 3, seed: 1 };
    const first = new PartialResults(path, key, true);
    expect(first.earlier).toEqual([]);
    first.add({ call: 0 } as KilledCall);
    first.add({ call: 2 } as KilledCall);
    appendFileSync(path, '{"call":3,"ord');
    expect(new PartialResults(path, key, true).earlier).toEqual([{ call: 0 }, { call: 2 }]);
    expect(new PartialResults(path, { ...key, seed: 2 }, true).earlier).toEqual([]);
    expect(new PartialResults(path, key, true).earlier).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe('the plan of bench handover', () => {
  it('has every ordered pair and every moment, and as many deaths as are wanted', () => {
    const plans = planKills(200, 3, ['reset', 'close']);
    const deaths = plans.reduce((sum, kill) => sum + deathsOf(kill), 0);
    expect(deaths).toBeGreaterThanOrEqual(200);
    expect(deaths).toBeLessThanOrEqual(201);
    expect(new Set(plans.map(({ order }) => order.join()))).toHaveLength(orders(kinds).length);
    expect(new Set(plans.map(({ moment }) => moment))).toHaveLength(moments.length);
    expect(planKills(200, 3, ['reset', 'close'])).toEqual(plans);
  });

  it('can be asked for by moment and pair, and are those of the whole plan then', () => {
    const whole = planKills(400, 3, ['reset']);
    const only = ['double', 'openai-gemini', 'tool'];
    const some = planKills(20, 3, ['reset'], { only });
    expect(new Set(some.map(({ moment }) => moment))).toEqual(new Set(['double', 'tool']));
    expect(new Set(some.map(({ order }) => order.join()))).toHaveLength(1);
    for (const kill of some) expect(whole[kill.call]).toEqual(kill);
    expect(() => planKills(20, 3, ['reset'], { only: ['boredom'] })).toThrow(RangeError);
    const of = ['openai', 'gemini'] as const;
    expect(() => planKills(20, 3, ['reset'], { only: ['double'], of })).toThrow(RangeError);
  });

  it('is asked for in words', () => {
    expect(parseBench(['handover', '--kills', '7', '--deaths', 'stall'])).toMatchObject({
      kind: 'handover',
      kills: 7,
      calls: 10,
      deaths: ['stall'],
    });
    expect(parseBench(['handover', '--deaths', 'boredom'])).toMatchObject({ kind: 'usage' });
  });
});
