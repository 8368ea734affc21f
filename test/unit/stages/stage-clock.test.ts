import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { LineStage } from '../../../src/ports/backend.ts';
import { turnStages } from '../../../src/ports/stages.ts';
import {
  audible,
  closed,
  committed,
  cut,
  heard,
  opened,
  stage,
  stagesOf,
  type At,
} from './story.ts';

describe('the stage clock', () => {
  it('tells where the silence went, stage by stage', () => {
    const [stages, ...more] = stagesOf([
      [1500, committed('u1', 1000)],
      [1500, opened('l1')],
      [1530, stage('l1', 'transcript', 1520)],
      [1700, stage('l1', 'first_token', 1690)],
      [1800, stage('l1', 'first_clause', 1790.5)],
      [1900, stage('l1', 'first_synthesis', 1900)],
      [1904, audible('l1')],
      [1980, heard('l1', 1964)],
    ]);
    expect(more).toEqual([]);
    expect(stages).toEqual({
      itemId: 'u1',
      lineId: 'l1',
      line: 1,
      speechEndAtMs: 1000,
      silenceMs: 964,
      partsMs: {
        decided: 500,
        transcript: 20,
        first_token: 170,
        first_clause: 100.5,
        first_synthesis: 109.5,
        first_audible: 4,
        first_heard: 60,
      },
      aheadMs: {},
      heardBy: 'clock',
    });
  });

  it('gives the time of a stage that nobody tells to the next one', () => {
    const [stages] = stagesOf([
      [1500, committed('u1', 1000)],
      [1500, opened('l1')],
      [1900, audible('l1')],
      [1980, heard('l1', 1960)],
    ]);
    expect(stages?.partsMs).toMatchObject({ first_token: null, first_synthesis: null });
    expect(stages?.partsMs).toMatchObject({ decided: 500, first_audible: 400, first_heard: 60 });
  });

  it('shows what was reached ahead of the decision as nothing, and its lead apart', () => {
    const [stages] = stagesOf([
      [1500, committed('u1', 1000)],
      [1500, opened('l1')],
      [1501, stage('l1', 'transcript', 1150)],
      [1501, stage('l1', 'first_token', 1400)],
      [1501, stage('l1', 'first_clause', 1600)],
      [1700, audible('l1')],
      [1760, heard('l1', 1760)],
    ]);
    expect(stages?.partsMs).toMatchObject({ transcript: 0, first_token: 0, first_clause: 100 });
    expect(stages?.aheadMs).toEqual({ transcript: 350, first_token: 100 });
  });

  it('counts the first line that is heard, where a tool is asked first', () => {
    const [stages] = stagesOf([
      [1500, committed('u1', 1000)],
      [1500, opened('asks')],
      [1520, stage('asks', 'transcript', 1510)],
      [1700, stage('asks', 'first_token', 1690)],
      [1800, closed('asks')],
      [2600, opened('answers', { cause: 'tool' })],
      [2900, stage('answers', 'first_token', 2890)],
      [3000, audible('answers')],
      [3100, heard('answers', 3060)],
      [3500, opened('more', { cause: 'tool' })],
      [3600, audible('more')],
      [3700, heard('more', 3660)],
    ]);
    expect(stages).toMatchObject({ lineId: 'answers', line: 2, silenceMs: 2060 });
    expect(stages?.partsMs).toMatchObject({ decided: 500, transcript: 10, first_token: 1380 });
  });

  it('says nothing about a turn that was taken back, and all about the one after it', () => {
    const stages = stagesOf([
      [1500, committed('u1', 1000)],
      [1500, opened('l1')],
      [1600, audible('l1')],
      [1650, { type: 'turn.retracted', itemId: 'u1' }],
      [1650, cut('l1')],
      [1650, closed('l1')],
      [2500, committed('u2', 2000)],
      [2500, opened('l2')],
      [2700, audible('l2')],
      [2800, heard('l2', 2760)],
    ]);
    expect(stages.map(({ itemId, silenceMs }) => [itemId, silenceMs])).toEqual([['u2', 760]]);
  });

  it('goes on when an answer was cut before it could be heard', () => {
    const stages = stagesOf([
      [1500, committed('u1', 1000)],
      [1500, opened('l1')],
      [1900, audible('l1')],
      [1910, cut('l1')],
      [1910, closed('l1')],
      [2000, opened('l2', { cause: 'client' })],
      [2200, audible('l2')],
      [2300, heard('l2', 2260)],
    ]);
    expect(stages).toMatchObject([{ lineId: 'l2', line: 2, silenceMs: 1260 }]);
  });

  it('leaves out what no turn asked for, what is out of band, and turns without a speech end', () => {
    const stages = stagesOf([
      [100, opened('greeting', { cause: 'client' })],
      [200, audible('greeting')],
      [260, heard('greeting', 260)],
      [500, committed('by hand', null)],
      [500, opened('l1')],
      [600, audible('l1')],
      [660, heard('l1', 660)],
      [1500, committed('u1', 1000)],
      [1500, opened('aside', { epoch: null })],
      [1550, audible('aside')],
      [1600, heard('aside', 1600)],
      [1700, opened('idle', { cause: 'idle' })],
      [1750, audible('idle')],
      [1810, heard('idle', 1810)],
    ]);
    expect(stages).toEqual([]);
  });

  it('takes the beginning of an answer for the decision where the backend decides', () => {
    const begun: readonly At[] = [
      [1400, { type: 'speech.started', itemId: 'u1', audioStartMs: 0, detectedAtMs: 1 }],
      [1450, { type: 'speech.stopped', itemId: 'u1', audioEndMs: 1000 }],
      [1460, opened('l1', { cause: 'stream' })],
      [1470, audible('l1')],
    ];
    const late = stagesOf([
      ...begun,
      [1530, heard('l1', 1530)],
      [1600, committed('u1', 1000)],
      [1700, opened('l2', { cause: 'stream' })],
      [1710, audible('l2')],
      [1790, heard('l2', 1790)],
    ]);
    const inTime = stagesOf([...begun, [1500, committed('u1', 1000)], [1530, heard('l1', 1530)]]);
    for (const stages of [late, inTime]) {
      expect(stages).toMatchObject([{ lineId: 'l1', silenceMs: 530 }]);
      expect(stages[0]?.partsMs).toMatchObject({
        decided: 460,
        first_audible: 10,
        first_heard: 60,
      });
    }
  });

  it('shows no silence where the agent was heard before the caller had finished', () => {
    const [stages] = stagesOf([
      [900, { type: 'speech.stopped', itemId: 'u1', audioEndMs: 1000 }],
      [900, opened('l1', { cause: 'backend' })],
      [910, audible('l1')],
      [970, heard('l1', 970)],
      [1500, committed('u1', 1000)],
    ]);
    expect(stages?.silenceMs).toBe(0);
    expect(new Set(Object.values(stages?.partsMs ?? {}))).toEqual(new Set([0, null]));
  });

  it('keeps no more turns and lines than it needs', () => {
    const story: At[] = [];
    for (let turn = 0; turn < 1000; turn += 1) {
      story.push([turn, committed(`u${turn}`, turn)], [turn, opened(`l${turn}`)]);
    }
    story.push([2000, audible('l3')], [2060, heard('l3', 2060)]);
    story.push([2000, audible('l999')], [2060, heard('l999', 2060)]);
    expect(stagesOf(story).map(({ lineId }) => lineId)).toEqual(['l999']);
  });
});

const lineStages = ['transcript', 'first_token', 'first_clause', 'first_synthesis'] as const;
const anyMs = fc.double({ min: 0, max: 5000, noNaN: true });

property.prop([
  anyMs,
  anyMs,
  anyMs,
  anyMs,
  fc.array(fc.tuple(fc.constantFrom(...lineStages), anyMs)),
])(
  'parts are never negative and add up to the silence, whatever is told in whatever order',
  (speechEndMs, decideMs, audibleMs, playMs, told: [LineStage, number][]) => {
    const decidedAtMs = speechEndMs + decideMs;
    const audibleAtMs = decidedAtMs + audibleMs;
    const [stages] = stagesOf([
      [decidedAtMs, committed('u1', speechEndMs)],
      [decidedAtMs, opened('l1')],
      ...told.map(([name, atMs]): At => [audibleAtMs, stage('l1', name, atMs)]),
      [audibleAtMs, audible('l1')],
      [audibleAtMs + playMs, heard('l1', audibleAtMs + playMs)],
    ]);
    const parts = turnStages.map((name) => stages?.partsMs[name] ?? 0);
    expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
    const us = parts.reduce((sum, partMs) => sum + Math.round(partMs * 1000), 0);
    expect(us).toBe(Math.round((stages?.silenceMs ?? NaN) * 1000));
    expect(us / 1000).toBeCloseTo(decideMs + audibleMs + playMs, 2);
    const names = new Set(told.map(([name]) => name));
    for (const name of lineStages) {
      expect(stages?.partsMs[name] === null).toBe(!names.has(name));
    }
    for (const [name, leadMs] of Object.entries(stages?.aheadMs ?? {})) {
      expect(leadMs).toBeGreaterThanOrEqual(0);
      expect(stages?.partsMs[name as LineStage]).toBe(0);
    }
  },
);
