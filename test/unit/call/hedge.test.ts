import { beforeAll, describe, expect, it } from 'vitest';
import { answer, ask, audio, done, settle, silence, text } from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { hedging, type HedgingOptions } from './hedge-rig.ts';
import { pcm16k } from '../../../src/audio/format.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { BackendEvent, Usage } from '../../../src/ports/backend.ts';
import type { ToolPort } from '../../../src/ports/tool.ts';

beforeAll(prepareResampler);

const usage: Usage = {
  inputTextTokens: 10,
  inputAudioTokens: 0,
  inputCachedTokens: 0,
  outputTextTokens: 4,
  outputAudioTokens: 6,
};

const called = (lineId: string, toolCallId: string): BackendEvent => ({
  type: 'tool.called',
  lineId,
  toolCallId,
  name: 'look',
  arguments: '{}',
});

describe('an answer that is later than nine in ten', () => {
  it('is asked of the next backend too, with everything that was said', async () => {
    const { harness, backends, late, first } = await hedging();
    harness.ok({
      type: 'item.create',
      item: {
        kind: 'message',
        role: 'user',
        content: [{ type: 'text', text: 'Hello' }],
        itemId: 'hi',
      },
      after: null,
    });
    const lineId = await late();
    const { itemId } = harness.last('line.opened').line;
    expect(backends[1].session.seeded).toMatchObject([[{ itemId: 'hi' }]]);
    expect(backends[1].session.takeAll()).toMatchObject([
      { type: 'configure' },
      { type: 'respond', lineId, itemId, outOfBand: false },
    ]);
    expect(harness.last('hedge.started')).toMatchObject({
      lineId,
      backend: 'second',
      afterMs: 400,
    });
    expect(first.leftovers.filter(({ type }) => type === 'cancel')).toEqual([]);
    expect(harness.call.backend).toBe('first');
    await harness.end();
    expect(backends[1].session.closed).toBe(true);
    expect(harness.clock.pending).toBe(0);
  });

  it('is the rival’s where that one is heard first, and the other is stopped', async () => {
    const { harness, backends, kept, late, first } = await hedging();
    const lineId = await late();
    await harness.pass(200);
    const second = backends[1].session;
    second.takeAll();
    second.emit(text(lineId, 'here'), audio(lineId, answer(300)));
    await settle();
    expect(harness.call.backend).toBe('second');
    expect(first.takeAll().at(-1)).toEqual({ type: 'cancel', lineId });
    expect(first.closed).toBe(false);
    // What the first one says now is not heard by anybody.
    first.emit(audio(lineId, answer(300)));
    first.emit({ type: 'line.done', lineId, outcome: { status: 'cancelled' }, usage });
    second.emit(done(lineId));
    await harness.pass(700);
    expect(first.closed).toBe(true);
    expect(harness.view.sentMs(lineId)).toBe(300);
    expect(harness.last('line.closed')).toMatchObject({ lineId, end: { status: 'completed' } });
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.last('hedge.ended')).toMatchObject({ lineId, winner: 'second' });
    expect(harness.last('handover.started')).toMatchObject({ cause: 'hedge', owed: 'answer' });
    expect(harness.last('handover.done')).toMatchObject({ to: 'second', oursMs: 0 });
    const used = harness.entries('usage.counted').find(({ source }) => source === 'reported');
    expect(used).toMatchObject({ backend: 'first', used: { outputAudioTokens: 6 } });
    // That it took longer than this is all that is known of it.
    expect(kept[0]?.pace.firstAudioP95Ms).toBe(400);
    expect(kept[0]?.health).toBe('closed');
    // The call goes on there.
    harness.ok(ask);
    await settle();
    const next = harness.last('line.opened').line.lineId;
    expect(second.takeAll().find(({ type }) => type === 'respond')).toMatchObject({ lineId: next });
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('is the first one’s where that is heard first after all, whole and once', async () => {
    const { harness, backends, late, first } = await hedging();
    const lineId = await late();
    await harness.pass(100);
    const second = backends[1].session;
    second.takeAll();
    first.emit(text(lineId, 'here'), audio(lineId, silence(40)));
    await settle();
    expect(harness.view.sentMs(lineId)).toBe(0);
    first.emit(audio(lineId, answer(300)), done(lineId));
    await settle();
    expect(second.takeAll()).toEqual([{ type: 'cancel', lineId }]);
    second.emit(audio(lineId, answer(500)));
    second.emit({ type: 'line.done', lineId, outcome: { status: 'cancelled' }, usage });
    await harness.pass(800);
    expect(second.closed).toBe(true);
    expect(harness.call.backend).toBe('first');
    expect(harness.view.sentMs(lineId)).toBe(340);
    expect(harness.last('line.closed').extent.sentText).toBe('here');
    expect(harness.last('hedge.ended')).toMatchObject({ winner: 'first' });
    expect(harness.entries('handover.started')).toEqual([]);
    const used = harness.entries('usage.counted').find(({ source }) => source === 'reported');
    expect(used).toMatchObject({ backend: 'second' });
    await harness.end();
  });

  it('loses nothing that the caller says meanwhile, in whatever format the rival wants it', async () => {
    const { harness, backends, late } = await hedging({ second: { inputFormats: [pcm16k] } });
    await harness.hear(silence(200));
    const lineId = await late();
    const second = backends[1].session;
    const before = second.audio.length;
    await harness.hear(silence(200));
    expect(second.audio).toHaveLength(before);
    second.emit(audio(lineId, answer(300)), done(lineId));
    await settle();
    await harness.hear(silence(100));
    const chunks = second.audio;
    expect(chunks.every(({ rateHz }) => rateHz === 16_000)).toBe(true);
    for (const [place, chunk] of chunks.entries()) {
      const last = chunks[place - 1];
      if (last === undefined) continue;
      expect(Math.abs(chunk.startSample - last.startSample - last.samples)).toBeLessThan(200);
    }
    const end = chunks.at(-1)!;
    expect(end.startSample + end.samples).toBeGreaterThan(0.48 * 16_000);
    await harness.end();
  });

  it('counts an answer that nobody told the cost of', async () => {
    const { harness, backends, late, first } = await hedging();
    const lineId = await late();
    backends[1].session.emit(audio(lineId, answer(300)), done(lineId));
    await harness.pass(2500);
    expect(first.closed).toBe(true);
    const counted = harness.entries('usage.counted').filter(({ backend }) => backend === 'first');
    expect(counted.some(({ used }) => used.unreportedAnswers === 1)).toBe(true);
    await harness.end();
  });
});

describe('tools of an answer that two backends are asked for', () => {
  const runs: string[] = [];
  const look: ToolPort = {
    definition: { name: 'look', description: '', parameters: { type: 'object' } },
    run: () => {
      runs.push('look');
      return Promise.resolve('blue');
    },
  } as unknown as ToolPort;

  it('run for the winner alone, once it is known', async () => {
    runs.length = 0;
    const { harness, backends, late, first } = await hedging({ harness: { tools: [look] } });
    const lineId = await late();
    const second = backends[1].session;
    first.emit(called(lineId, 'call_a'));
    second.emit(called(lineId, 'call_b'));
    await harness.pass(100);
    expect(runs).toEqual([]);
    expect(harness.entries('tool.called')).toEqual([]);
    second.emit(done(lineId));
    await harness.pass(100);
    expect(runs).toEqual(['look']);
    expect(harness.entries('tool.called').map(({ item }) => item.toolCallId)).toEqual(['call_b']);
    first.emit(done(lineId));
    await harness.pass(100);
    expect(runs).toEqual(['look']);
    await harness.end();
  });

  it('run once where the first one wins', async () => {
    runs.length = 0;
    const { harness, backends, late, first } = await hedging({ harness: { tools: [look] } });
    const lineId = await late();
    backends[1].session.emit(called(lineId, 'call_b'));
    first.emit(called(lineId, 'call_a'), done(lineId));
    await harness.pass(100);
    expect(harness.entries('tool.called').map(({ item }) => item.toolCallId)).toEqual(['call_a']);
    backends[1].session.emit(done(lineId));
    await harness.pass(100);
    expect(runs).toEqual(['look']);
    await harness.end();
  });
});

describe('a race that nobody wins', () => {
  it.each(['cancelled', 'interrupted'] as const)('is over when the line is %s', async (how) => {
    const { harness, backends, late, first } = await hedging();
    const lineId = await late();
    const second = backends[1].session;
    second.takeAll();
    if (how === 'cancelled') harness.ok({ type: 'cancel', lineId: null });
    else harness.ok({ type: 'interrupt' });
    await settle();
    expect(second.takeAll()).toEqual([{ type: 'cancel', lineId }]);
    second.emit(audio(lineId, answer(300)));
    second.emit({ type: 'line.done', lineId, outcome: { status: 'cancelled' }, usage });
    first.emit({ type: 'line.done', lineId, outcome: { status: 'cancelled' }, usage });
    await harness.pass(500);
    expect(second.closed).toBe(true);
    expect(harness.call.backend).toBe('first');
    expect(harness.view.sentMs()).toBe(0);
    expect(harness.last('hedge.ended')).toMatchObject({ winner: null });
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('is the first one’s alone where the rival does not open, is lost, or fails', async () => {
    for (const what of ['refused', 'lost', 'failed'] as const) {
      const refused = new CallError('backend_refused', 'no');
      const { harness, backends, late, first } = await hedging(
        what === 'refused' ? { opening: refused } : {},
      );
      const lineId = await late();
      if (what === 'lost') backends[1].session.hangUp();
      if (what === 'failed') {
        const error = new CallError('backend_overloaded', 'busy');
        backends[1].session.emit(done(lineId, { status: 'failed', error }));
      }
      await settle();
      first.emit(audio(lineId, answer(200)), done(lineId));
      await harness.pass(600);
      expect(harness.view.sentMs(lineId)).toBe(200);
      expect(harness.call.backend).toBe('first');
      await harness.end();
      expect(harness.clock.pending).toBe(0);
    }
  });

  it('is the rival’s where the first one is lost meanwhile: nobody else is opened', async () => {
    const { harness, backends, late, first } = await hedging();
    const lineId = await late();
    const second = backends[1].session;
    second.takeAll();
    first.emit({ type: 'failed', error: new CallError('backend_closed', 'gone') });
    await settle();
    expect(harness.call.backend).toBe('second');
    expect(backends[1].contexts).toHaveLength(1);
    expect(second.takeAll().filter(({ type }) => type === 'respond')).toEqual([]);
    second.emit(audio(lineId, answer(200)), done(lineId));
    await harness.pass(500);
    expect(harness.view.sentMs(lineId)).toBe(200);
    expect(harness.last('handover.started')).toMatchObject({ cause: 'backend_closed' });
    expect(harness.last('hedge.ended')).toMatchObject({ winner: 'second' });
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('of which the call ends leaves nothing behind', async () => {
    const { harness, backends, late } = await hedging();
    await late();
    await harness.end();
    expect(backends.map(({ session }) => session.closed)).toEqual([true, true]);
    expect(harness.clock.pending).toBe(0);
  });
});

describe('nobody else is asked', () => {
  it.each([
    ['the agent does not want it', { handover: { hedge: false } }],
    ['too little is known', { known: 19 }],
    ['the other cannot be told', { second: { seedHistory: 'none' } }],
    ['the other cannot stand by', { second: { standby: false } }],
    ['the other decides by itself', { second: { authorities: ['backend'] } }],
  ] satisfies readonly (readonly [string, HedgingOptions])[])('where %s', async (_, options) => {
    const { harness, late } = await hedging(options);
    await late();
    await harness.pass(500);
    expect(harness.entries('hedge.started')).toEqual([]);
    await harness.end();
  });

  it('for an answer in time, and while one is said', async () => {
    const { harness, first } = await hedging();
    harness.ok(ask);
    await harness.pass(350);
    const { lineId } = harness.last('line.opened').line;
    first.emit(audio(lineId, answer(800)), done(lineId));
    await harness.pass(1500);
    expect(harness.entries('hedge.started')).toEqual([]);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});

describe('after the rival has won', () => {
  it('what is cut short is told to the rival, and history is what was heard', async () => {
    const { harness, backends, late, first } = await hedging();
    const lineId = await late();
    const second = backends[1].session;
    second.emit(text(lineId, 'one two'), audio(lineId, answer(2000)));
    await harness.pass(600);
    first.takeAll();
    harness.ok({ type: 'interrupt' });
    await settle();
    expect(harness.last('line.closed')).toMatchObject({ lineId, end: { status: 'cancelled' } });
    const commands = second.takeAll();
    expect(commands.filter(({ type }) => type === 'cancel')).toHaveLength(1);
    expect(commands.find(({ type }) => type === 'truncate')).toMatchObject({ lineId });
    expect(first.takeAll()).toEqual([]);
    await harness.end();
  });
});
