import { describe, expect, it } from 'vitest';
import { parseBench } from '../../../bench/arguments.ts';
import { scheduleCalls } from '../../../bench/ttfb/schedule.ts';
import { rehearsalDelay, sharesOf, unknownDelay } from '../../../bench/ttfb/shares.ts';
import { arrivalOf, type SpokenTurn } from '../../../bench/ttfb/spoken-turn.ts';
import { agentSummary } from '../../../bench/ttfb/summary.ts';
import type { Received } from '../../ear/ear.ts';
import { answer, silence } from '../../support/call-harness.ts';

function delta(atMs: number, bytes: Uint8Array): Received {
  const event = { type: 'response.output_audio.delta', item_id: 'i' };
  return { atMs, event: { ...event, delta: Buffer.from(bytes).toString('base64') } };
}

describe('the first audible sample', () => {
  it('is where it could be played at the earliest', () => {
    const events = [
      { atMs: 100, event: { type: 'response.created' } },
      delta(500, silence(100)),
      delta(510, silence(20)),
      delta(520, Buffer.concat([silence(30), answer(50)])),
    ];
    expect(arrivalOf(events)).toEqual({ packetAtMs: 500, audibleAtMs: 650 });
  });

  it('waits for its packet where the one before was played out', () => {
    const events = [delta(500, silence(40)), delta(900, answer(40))];
    expect(arrivalOf(events)).toEqual({ packetAtMs: 500, audibleAtMs: 900 });
  });

  it('is nowhere in silence', () => {
    expect(arrivalOf([delta(500, silence(400))])).toBeNull();
    expect(arrivalOf([])).toBeNull();
  });
});

describe('the order of calls', () => {
  const plans = scheduleCalls(['a', 'b', 'c'], { turns: 42, turnsPerCall: 4, seed: 3 });

  it('has each agent once in each block, as often as turns are wanted', () => {
    for (let at = 0; at < plans.length; at += 3) {
      const block = plans.slice(at, at + 3).map(({ agent }) => agent);
      expect(block.toSorted()).toEqual(['a', 'b', 'c']);
    }
    const turns = plans.filter(({ agent }) => agent === 'a').reduce((sum, it) => sum + it.turns, 0);
    expect(turns).toBe(42);
    expect(plans.map(({ call }) => call)).toEqual(plans.map((_, index) => index));
  });

  it('is another one in other blocks, and the same for the same seed', () => {
    const blocks = new Set<string>();
    for (let at = 0; at < plans.length; at += 3) {
      blocks.add(
        plans
          .slice(at, at + 3)
          .map(({ agent }) => agent)
          .join(''),
      );
    }
    expect(blocks.size).toBeGreaterThan(2);
    expect(scheduleCalls(['a', 'b', 'c'], { turns: 42, turnsPerCall: 4, seed: 3 })).toEqual(plans);
  });
});

const turn: SpokenTurn = {
  agent: 'a',
  call: 0,
  turn: 0,
  atMs: 0,
  firstPacketMs: 700,
  firstAudioMs: 705,
  firstHeardMs: 770,
  stages: {
    itemId: 'i',
    lineId: 'l',
    line: 1,
    speechEndAtMs: 1000,
    silenceMs: 766,
    partsMs: {
      decided: 400,
      transcript: 1,
      first_token: null,
      first_clause: null,
      first_synthesis: 300,
      first_audible: 5,
      first_heard: 60,
    },
    aheadMs: {},
    heardBy: 'acknowledgement',
  },
};

describe('who had the silence', () => {
  it('is told apart, and what is left over is shown', () => {
    expect(sharesOf(turn, rehearsalDelay)).toEqual({
      endpointingMs: 400,
      answerMs: 306,
      playoutMs: 60,
      ownMs: 6,
      unaccountedMs: 4,
    });
    expect(sharesOf(turn, unknownDelay)?.ownMs).toBeNull();
    expect(sharesOf({ ...turn, stages: null }, rehearsalDelay)).toBeNull();
  });

  it('is summed up, with failures by their reason', () => {
    const run = { turns: [turn, turn], warmUp: [], failures: ['no answer', 'no answer'] };
    const summary = agentSummary({ ...run, injected: rehearsalDelay });
    expect(summary).toMatchObject({
      turns: 2,
      failures: { 'no answer': 2 },
      firstAudioMs: { n: 2, p50: 705, ci95: { p50: { low: null, high: null } } },
      spread: { sdMs: 0, iqrMs: 0, p95OverP50: 1 },
      ownShareMs: { p50: 6 },
    });
    expect(summary.stagesMs.first_token).toBeUndefined();
    expect(agentSummary({ ...run, injected: unknownDelay })).not.toHaveProperty('ownShareMs');
  });
});

describe('bench ttfb on the command line', () => {
  it('has a gateway of its own, and enough turns for a p95', () => {
    expect(parseBench(['ttfb'])).toMatchObject({ kind: 'ttfb', turns: 200, url: null, calls: 12 });
    expect(parseBench(['ttfb', '--quick', '--json'])).toMatchObject({ json: true, turns: 40 });
    expect(parseBench(['ttfb'])).toMatchObject({ resume: false, yes: false });
    expect(parseBench(['ttfb', '--resume', '--yes'])).toMatchObject({ resume: true, yes: true });
  });

  it('makes one call at a time elsewhere, and wants to know to whom', () => {
    const url = 'http://127.0.0.1:8787';
    expect(parseBench(['ttfb', '--url', url, '--agents', 'a, b'])).toMatchObject({
      agents: ['a', 'b'],
      calls: 1,
      url,
    });
    for (const args of [
      ['--url', url],
      ['--agents', 'a,'],
      ['--url', 'no', '--agents', 'a'],
      ['--turns', '0'],
    ]) {
      expect(parseBench(['ttfb', ...args]).kind).toBe('usage');
    }
  });
});
