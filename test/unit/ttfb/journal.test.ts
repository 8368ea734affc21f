import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { Journal, leftOf, readJournal, type MadeCall } from '../../../bench/ttfb/journal.ts';
import { scheduleCalls } from '../../../bench/ttfb/schedule.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-journal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const terms = { agents: ['a', 'b'], turns: 8, turnsPerCall: 4, seed: 1, url: null };
const plans = scheduleCalls(terms.agents, terms);

function made(place: number, failure: string | null = null): MadeCall {
  const plan = plans[place]!;
  return { plan, warmUp: false, turns: [], failure };
}

let path = '';
let files = 0;
beforeEach(() => (path = join(folder, `${files++}.jsonl`)));

test('a run that broke off is gone on with where it was', () => {
  const first = Journal.begin(path, terms, 1_000);
  first.add({ ...made(0), warmUp: true });
  first.add(made(0));
  first.add(made(2, 'no answer'));
  // Killed in the middle of a line.
  appendFileSync(path, '{"call":{"plan":{"agent":"a","ca');
  const second = Journal.resume(path, terms);
  expect(second.soFar).toMatchObject({ startedEpochMs: 1_000, sittings: 2 });
  expect(second.soFar.calls).toEqual([{ ...made(0), warmUp: true }, made(0), made(2, 'no answer')]);
  expect(leftOf(plans, second.soFar.calls).map(({ call }) => call)).toEqual([1, 3]);
  second.add(made(1));
  const { calls, sittings } = readJournal(readFileSync(path, 'utf8'), terms);
  expect([calls.length, sittings]).toEqual([4, 2]);
});

test('a run on other terms, or none, is not gone on with, and says why', () => {
  expect(() => Journal.resume(path, terms)).toThrow(/no run to go on with/);
  Journal.begin(path, terms, 0).add(made(0));
  expect(() => Journal.resume(path, { ...terms, seed: 2, turns: 9 })).toThrow(
    /other terms: turns 8, not 9; seed 1, not 2$/,
  );
  expect(() => readJournal('{"bench":"ttfb"}\n', terms)).toThrow(/not those of a run/);
  expect(() => readJournal('', terms)).toThrow(/not those of a run/);
  const text = readFileSync(path, 'utf8');
  expect(() => readJournal(text.replace('{"call"', '{call'), terms)).toThrow(/line 2 .* be read/);
});

test('a run that begins anew keeps the one before it', () => {
  Journal.begin(path, terms, 0).add(made(0));
  Journal.begin(path, terms, 1);
  expect(existsSync(`${path}.previous`)).toBe(true);
  expect(readJournal(readFileSync(path, 'utf8'), terms).calls).toEqual([]);
  expect(readJournal(readFileSync(`${path}.previous`, 'utf8'), terms).calls).toEqual([made(0)]);
});
