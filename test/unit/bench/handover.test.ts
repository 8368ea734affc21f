import { describe, expect, it } from 'vitest';
import {
  agentWords,
  callerNumbers,
  expectedNumbers,
  nextToSay,
} from '../../../bench/handover/script.ts';
import { countedSpeech } from '../../ear/counted-speech.ts';
import { judge, judgedRateHz } from '../../../bench/handover/judge.ts';
import { deathsOf, moments, planKills } from '../../../bench/handover/kills.ts';
import { orders } from '../../../bench/handover/desk.ts';
import { parseBench } from '../../../bench/arguments.ts';
import { wordOf } from '../../conformance/counted-voice.ts';
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
    expect(second).toEqual({ numbers: expectedNumbers(2).slice(3 + agentWords) });
  });

  it('goes on from what it is told it has said, in figures or in the words of the voice', () => {
    const [a = 0, b = 0, ...rest] = expectedNumbers(1);
    for (const said of [`${a} ${b}`, `${wordOf(a)} ${wordOf(b)}`]) {
      expect(nextToSay([user(callerNumbers(0)), agent(said)], false)).toEqual({ numbers: rest });
    }
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

  it('finds nothing where all was heard, and the gap in the middle of a turn', () => {
    const heard = said(200, [500, 3], [101, 2], 700, [103, 4], 900);
    const verdict = judge(heard, expectedNumbers(1), 200 + 5 * 260);
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
    const verdict = judge(said([500, 2], [102, 5], [104, 1], [300, 1]), expectedNumbers(1), null);
    expect(verdict).toMatchObject({
      lostCaller: [502],
      lostAgent: [101],
      repeated: [104],
      unsaid: [300],
      outOfOrder: 1,
      gapMs: null,
    });
  });
});

describe('the plan of bench handover', () => {
  it('has every ordered pair and every moment, and as many deaths as are wanted', () => {
    const plans = planKills(200, 3, ['reset', 'close']);
    const deaths = plans.reduce((sum, kill) => sum + deathsOf(kill), 0);
    expect(deaths).toBeGreaterThanOrEqual(200);
    expect(deaths).toBeLessThanOrEqual(201);
    expect(new Set(plans.map(({ order }) => order.join()))).toHaveLength(orders().length);
    expect(new Set(plans.map(({ moment }) => moment))).toHaveLength(moments.length);
    expect(planKills(200, 3, ['reset', 'close'])).toEqual(plans);
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
