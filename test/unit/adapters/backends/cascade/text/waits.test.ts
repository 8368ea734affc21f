import { describe, expect, test } from 'vitest';
import {
  openClauses,
  stepClauses,
} from '../../../../../../adapters/backends/cascade/text/clause-splitter.ts';
import { defaultClauseOptions } from '../../../../../../adapters/backends/cascade/text/clause.ts';
import { texts } from './splitting.ts';

const options = { ...defaultClauseOptions, firstWaitMs: 300, waitMs: 1000, maxWaitMs: 2000 };

describe('a clause waits so long for a better end and no longer', () => {
  test('a finished sentence without a space after it goes when the first wait is over', () => {
    const held = stepClauses(openClauses(), { type: 'delta', text: 'It is 42.' }, 100, options);
    expect(held.clauses).toEqual([]);
    expect(held.wakeAtMs).toBe(400);
    const early = stepClauses(held.state, { type: 'tick' }, 399, options);
    expect(early.clauses).toEqual([]);
    const due = stepClauses(held.state, { type: 'tick' }, 400, options);
    expect(texts(due.clauses)).toEqual(['It is 42.']);
    expect(due.clauses[0]?.ended).toBe('wait');
    expect(due.wakeAtMs).toBeUndefined();
  });

  test('whole words go, the unfinished one stays, and nothing is parted that belongs together', () => {
    const text = 'The doctor you asked for is Dr. Smi';
    const held = stepClauses(openClauses(), { type: 'delta', text }, 0, options);
    const due = stepClauses(held.state, { type: 'tick' }, 300, options);
    expect(texts(due.clauses)).toEqual(['The doctor you asked for is']);
    expect(due.state.text).toBe('Dr. Smi');
  });

  test('Chinese goes up to a word', () => {
    const held = stepClauses(openClauses(), { type: 'delta', text: '我们今天去北京旅游' }, 0, {
      ...options,
      language: 'zh',
    });
    const due = stepClauses(held.state, { type: 'tick' }, 300, options);
    expect(texts(due.clauses)).toEqual(['我们今天去北京']);
  });

  test('one unfinished word waits until nothing may wait longer', () => {
    const held = stepClauses(openClauses(), { type: 'delta', text: 'Conver' }, 50, options);
    const due = stepClauses(held.state, { type: 'tick' }, 350, options);
    expect(due.clauses).toEqual([]);
    expect(due.wakeAtMs).toBe(2050);
    const last = stepClauses(due.state, { type: 'tick' }, 2050, options);
    expect(texts(last.clauses)).toEqual(['Conver']);
  });

  test('later clauses wait longer than the first', () => {
    const first = stepClauses(
      openClauses(),
      { type: 'delta', text: 'Sure! One moment' },
      0,
      options,
    );
    expect(texts(first.clauses)).toEqual(['Sure!']);
    expect(first.wakeAtMs).toBe(1000);
  });

  test('what is left after a cut counts from when it came', () => {
    let step = stepClauses(openClauses(), { type: 'delta', text: 'Right then. One ' }, 0, options);
    step = stepClauses(step.state, { type: 'delta', text: 'two three' }, 900, options);
    const due = stepClauses(step.state, { type: 'tick' }, 1000, { ...options, firstMinWeight: 2 });
    expect(texts(due.clauses)).toEqual(['One two']);
    expect(due.wakeAtMs).toBe(1900);
  });

  test('the end gives out everything and needs no more ticks', () => {
    const held = stepClauses(openClauses(), { type: 'delta', text: 'Well' }, 0, options);
    const end = stepClauses(held.state, { type: 'end' }, 10, options);
    expect(texts(end.clauses)).toEqual(['Well']);
    expect(end.wakeAtMs).toBeUndefined();
  });
});
