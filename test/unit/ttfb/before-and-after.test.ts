import { expect, test } from 'vitest';
import { estimateOf, estimateText, mayBegin } from '../../../bench/ttfb/estimate.ts';
import { hostedAmong } from '../../../bench/ttfb/hosted-agents.ts';
import type { MadeCall } from '../../../bench/ttfb/journal.ts';
import { progressText, ProgressTeller } from '../../../bench/ttfb/progress.ts';
import { unknownDelay } from '../../../bench/ttfb/shares.ts';
import type { SpokenTurn } from '../../../bench/ttfb/spoken-turn.ts';
import { agentSummary } from '../../../bench/ttfb/summary.ts';
import { samplesCsv, summaryMarkdown } from '../../../bench/ttfb/tables.ts';
import { costOf, type PriceTable } from '../../../src/spend/prices.ts';

const prices: PriceTable = {
  ...{ currency: 'USD', asOf: null, source: null },
  ...{ inputTextPerMillion: 4, inputAudioPerMillion: 32 },
  ...{ outputTextPerMillion: 16, outputAudioPerMillion: 64 },
};
const plan = { turnsOf: () => 10, turnsPerCall: 4, saidS: 2, calls: 1 };
const openai = { name: 'openai', type: 'openai-realtime', prices };

test('an estimate has the warm-up, every call, and the conversation once for each answer', () => {
  const [one] = estimateOf([{ name: 'desk', backend: openai }], plan);
  expect(one).toMatchObject({ agent: 'desk', turns: 11, calls: 4 });
  // Calls of 1, 4, 4 and 2 turns; in turn n the caller was heard n times, the agent n − 1 times.
  const pairs = 0 + 6 + 6 + 1;
  expect(one?.quantities).toEqual({
    connectedMs: (4 * 2 + 11 * (2 + 6 + 2.5)) * 1_000,
    inputTextTokens: 11 * 500,
    inputAudioTokens: (11 + pairs) * 20 + pairs * 120,
    outputTextTokens: 11 * 25,
    outputAudioTokens: 11 * 120,
  });
  expect(one?.cost).toEqual(costOf(one!.quantities, prices));
  expect(one?.cost?.amount).toBeGreaterThan(0.1);
});

test('an estimate says what it costs, what is not known of it, and what it supposes', () => {
  const perMinute: PriceTable = { currency: 'EUR', asOf: null, source: null, perMinute: 0.06 };
  const text = estimateText(
    estimateOf(
      [
        { name: 'desk', backend: openai },
        { name: 'live', backend: { name: 'l', type: 'openai-live', prices: perMinute } },
        { name: 'chain', backend: { name: 'c', type: 'cascade', prices: null } },
        { name: 'other', backend: null },
      ],
      plan,
    ),
    plan,
  );
  expect(text).toMatch(
    /desk \(openai, openai-realtime\): 11 turns in 4 calls, .*some 0\.\d\d USD$/m,
  );
  expect(text).toMatch(/live .*: some 0\.12 EUR$/m);
  expect(text).toMatch(/chain .*: no prices known/m);
  expect(text).toMatch(/other \(nobody says what answers\): .*cost not known$/m);
  expect(text).toMatch(/Together: some 0\.\d\d USD and 0\.12 EUR, and what is not known\./);
  expect(text).toContain('2.0 s said and 6 s answered');
});

test('nothing that costs begins unasked', () => {
  expect(mayBegin({ hosted: 0, yes: false, interactive: false })).toBe('begin');
  expect(mayBegin({ hosted: 1, yes: false, interactive: true })).toBe('ask');
  expect(mayBegin({ hosted: 1, yes: false, interactive: false })).toBe('refuse');
  expect(mayBegin({ hosted: 1, yes: true, interactive: false })).toBe('begin');
});

test('who is hosted is what the gateway says; of one that says nothing all are', () => {
  const agents = {
    agents: [
      { name: 'local', backends: ['parrot'] },
      { name: 'desk', aliases: ['gpt-realtime'], backends: ['parrot', 'openai'] },
      { name: 'ruled', backends: ['parrot'], capabilities: { parrot: null, openai: null } },
    ],
  };
  const backends = {
    backends: [
      { name: 'parrot', type: 'onnx', hosted: false, prices: null },
      { name: 'openai', type: 'openai-realtime', hosted: true, prices },
    ],
  };
  const names = ['local', 'gpt-realtime', 'ruled', 'nobody'];
  expect(hostedAmong(names, agents, backends)).toMatchObject([
    { name: 'gpt-realtime', backend: { name: 'openai', type: 'openai-realtime', prices } },
    { name: 'ruled', backend: { name: 'openai' } },
  ]);
  expect(hostedAmong(['x'], null, backends)).toEqual([{ name: 'x', backend: null }]);
  expect(hostedAmong(['x'], agents, { error: 'no' })).toEqual([{ name: 'x', backend: null }]);
});

test('progress says how far it is and how long it will take, now and then', () => {
  const at = { done: 50, wanted: 200, failed: 0, doneNow: 25, tookMs: 60_000 };
  expect(progressText(at)).toBe('50 of 200 turns (25 %), some 6 min left');
  expect(progressText({ ...at, failed: 2, doneNow: 0 })).toBe(
    '50 of 200 turns (25 %), 2 calls failed',
  );
  expect(progressText({ ...at, done: 200 })).toBe('200 of 200 turns (100 %)');
  const lines: string[] = [];
  const teller = new ProgressTeller((line) => lines.push(line), 0);
  for (let done = 1; done <= 200; done += 1) teller.at({ ...at, done }, done * 1_000);
  expect(lines).toHaveLength(14);
  expect(lines.at(-1)).toBe('200 of 200 turns (100 %)');
});

const turn: SpokenTurn = {
  ...{ agent: 'de"sk', call: 3, turn: 1, atMs: 12_000.25 },
  ...{ firstPacketMs: 700, firstAudioMs: 705.1234, firstHeardMs: 770, stages: null },
};

test('samples as rows that a sheet reads', () => {
  const call: MadeCall = {
    plan: { agent: turn.agent, call: 3, turns: 2 },
    ...{ warmUp: false, failure: null, turns: [turn, { ...turn, agent: '=1+1' }] },
  };
  const [head, ...rows] = samplesCsv([call, { ...call, warmUp: true, turns: [] }]).split('\r\n');
  expect(head).toMatch(/^agent,call,turn,warmUp,atMs,firstPacketMs,firstAudioMs,firstHeardMs,/);
  expect(rows).toEqual([
    '"de""sk",3,1,false,12000.25,700,705.123,770,,,,,,,,',
    "'=1+1,3,1,false,12000.25,700,705.123,770,,,,,,,,",
    '',
  ]);
  expect(head!.split(',')).toHaveLength(rows[1]!.split(',').length);
});

test('the figures as a table for a document', () => {
  const turns = Array.from({ length: 100 }, (_, index) => ({ ...turn, firstAudioMs: 500 + index }));
  const agent = agentSummary({ turns, warmUp: [], failures: ['x'], injected: unknownDelay });
  const difference = {
    a: 'a|b',
    b: 'c',
    metric: 'median',
    byMs: -80,
    p: 0.001,
    real: true,
  } as const;
  const summary = {
    backends: { 'a|b': agent, c: agent },
    differences: [difference, { ...difference, metric: 'spread', real: false } as const],
  };
  const machine = { cpu: 'X', cores: 2, node: '24', atTime: '2026-01-01' } as never;
  const text = summaryMarkdown(summary, { command: 'parley bench ttfb', machine });
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  expect(rows).toHaveLength(4);
  expect(rows[2]).toMatch(
    /^\| a\\\|b \| 100 \| 1 \| 549 \[\d+–\d+\] \| 594 \[\d+–\d+\] \| 598 \| 599 \|/,
  );
  // Cells of every row, whatever a name holds.
  for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(12);
  expect(text).toContain('- median of c is 80 ms below that of a|b (p 0.0010)');
  expect(text).not.toContain('IQR of c');
});
