import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { SpendOptions } from '../../../src/call/spend-options.ts';
import type { Usage } from '../../../src/ports/backend.ts';
import { unlimited } from '../../../src/spend/limits.ts';
import {
  answer,
  ask,
  audio,
  CallHarness,
  settle,
  type HarnessOptions,
} from '../../support/call-harness.ts';
import { frameCapabilities, ScriptedBackend } from '../../support/scripted-backend.ts';

beforeAll(prepareResampler);

const usage: Usage = {
  inputTextTokens: 100,
  inputAudioTokens: null,
  inputCachedTokens: null,
  outputTextTokens: 100,
  outputAudioTokens: null,
};
const spend: SpendOptions = {
  prices: () => ({
    currency: 'USD',
    asOf: null,
    source: null,
    inputTextPerMillion: 1_000,
    outputTextPerMillion: 1_000,
  }),
  currency: 'USD',
  limits: { ...unlimited, spend: 0.5 },
  shared: [],
  warnAt: 0.8,
  words: 'Time is up.',
  cheaper: null,
};

/** A call that has used up so many times 0.2 USD. */
async function after(times: number, options: HarnessOptions = {}): Promise<CallHarness> {
  const harness = await CallHarness.open({ spend, ...options });
  for (let time = 0; time < times; time += 1) harness.session.emit({ type: 'usage', usage });
  await settle();
  return harness;
}

const done = (lineId: string) =>
  ({ type: 'line.done', lineId, outcome: { status: 'completed' }, usage: null }) as const;

describe('a call near its limit', () => {
  it('has its agent told, once', async () => {
    const harness = await after(2);
    expect(harness.last('spend.limit')).toMatchObject({ stage: 'near', scope: 'call', used: 0.4 });
    const { item } = harness.session.next('item.add');
    expect(item).toMatchObject({ kind: 'message', role: 'system' });
    harness.session.emit({ type: 'usage', usage: { ...usage, outputTextTokens: 0 } });
    await settle();
    expect(harness.entries('item.added')).toHaveLength(1);
    await harness.end();
  });
});

describe('a call near its limit whose agent has a cheaper backend', () => {
  const backends = (): readonly ScriptedBackend[] => [
    new ScriptedBackend({ name: 'dear' }),
    new ScriptedBackend({ name: 'cheap' }),
  ];

  it('goes over to it at the next pause, and ends at the limit all the same', async () => {
    const agent = { backends: ['dear', 'cheap'] };
    const options = { backends: backends(), agent, spend: { ...spend, cheaper: 'cheap' } };
    const harness = await after(2, options);
    expect(harness.entries('item.added')).toEqual([]);
    for (let ms = 0; ms < 1_000; ms += 100) await harness.pass(100);
    expect(harness.call.backend).toBe('cheap');
    expect(harness.closes).toEqual([]);
    harness.session.emit({ type: 'usage', usage });
    for (let ms = 0; ms < 21_000; ms += 500) await harness.pass(500);
    expect(harness.closes).toMatchObject([{ code: 'spend_limit' }]);
  });

  it('is told to come to an end where that one cannot be had', async () => {
    const harness = await after(2, { spend: { ...spend, cheaper: 'nobody' } });
    expect(harness.session.next('item.add').item).toMatchObject({ role: 'system' });
    await harness.end();
  });
});

describe('a call at its limit', () => {
  it('says its last words when it may, and ends once they were heard', async () => {
    const harness = await after(3);
    await harness.pass(200);
    harness.session.next('item.add');
    const { lineId, overrides } = harness.session.next('respond');
    expect(overrides.instructions).toContain('Time is up.');
    harness.session.emit(audio(lineId, answer(1000)));
    harness.session.emit(done(lineId));
    await harness.pass(700);
    expect(harness.closes).toEqual([]);
    await harness.pass(600);
    expect(harness.closes).toMatchObject([{ kind: 'error', code: 'spend_limit' }]);
    expect(harness.clock.pending).toBe(0);
  });

  it('lets the agent finish first', async () => {
    const harness = await after(0);
    harness.ok(ask);
    const { lineId } = harness.session.next('respond');
    harness.session.emit(audio(lineId, answer(2000)));
    harness.session.emit(done(lineId));
    for (let time = 0; time < 3; time += 1) harness.session.emit({ type: 'usage', usage });
    await harness.pass(1000);
    expect(harness.entries('line.opened')).toHaveLength(1);
    for (let ms = 0; ms < 2000; ms += 100) await harness.pass(100);
    expect(harness.entries('line.opened')).toHaveLength(2);
    expect(harness.entries('line.closed')[0]).toMatchObject({ end: { status: 'completed' } });
    await harness.end();
  });

  it('ends after 20 s whatever its backend does', async () => {
    const harness = await after(3);
    for (let ms = 0; ms < 19_500; ms += 500) await harness.pass(500);
    expect(harness.closes).toEqual([]);
    await harness.pass(1_000);
    expect(harness.closes).toMatchObject([{ code: 'spend_limit' }]);
    expect(harness.clock.pending).toBe(0);
  });

  it('ends without a word where its backend can be told none', async () => {
    const backends = [new ScriptedBackend({ capabilities: frameCapabilities })];
    const harness = await after(3, { backends });
    await harness.pass(200);
    expect(harness.closes).toMatchObject([{ code: 'spend_limit' }]);
  });

  it('leaves nothing behind when the caller hangs up first', async () => {
    const harness = await after(3);
    await harness.pass(150);
    await harness.end();
    expect(harness.closes).toMatchObject([{ kind: 'client' }]);
    expect(harness.clock.pending).toBe(0);
  });

  it('is that of the day too, with what others used', async () => {
    const shared = [
      {
        scope: 'day',
        limits: { ...unlimited, tokens: 1_000 },
        used: () => ({ spend: 0, minutes: 0, tokens: 1_000 }),
      } as const,
    ];
    const harness = await after(1, { spend: { ...spend, shared } });
    expect(harness.last('spend.limit')).toMatchObject({ scope: 'day', of: 'tokens' });
    await harness.end();
  });
});

describe('what a call uses', () => {
  it('counts what a cancelled line reports after its end', async () => {
    const harness = await after(0);
    harness.ok(ask);
    const { lineId } = harness.session.next('respond');
    harness.session.emit(audio(lineId, answer(1000)));
    await harness.pass(100);
    harness.ok({ type: 'cancel', lineId: null });
    expect(harness.last('line.closed').usage).toBeNull();
    harness.session.emit({ ...done(lineId), outcome: { status: 'cancelled' }, usage });
    await settle();
    expect(harness.last('usage.counted')).toMatchObject({
      source: 'reported',
      used: { outputTextTokens: 100 },
      cost: { amount: 0.2 },
    });
    await harness.end();
  });

  it('counts time every minute, and what is left at the end', async () => {
    const harness = await after(0);
    await harness.pass(60_000);
    await harness.pass(30_000);
    await harness.end();
    const times = harness.entries('usage.counted').map(({ used }) => used.connectedMs);
    expect(times).toEqual([60_000, 30_000]);
  });

  it('tells how many answers were not reported, unless that comes late', async () => {
    const harness = await after(0);
    harness.ok(ask);
    const { lineId } = harness.session.next('respond');
    harness.session.emit(audio(lineId, answer(100)));
    harness.session.emit(done(lineId));
    await harness.pass(400);
    await harness.end();
    expect(harness.last('usage.counted')).toMatchObject({
      used: { unreportedAnswers: 1 },
      cost: { amount: null, missing: ['unreportedAnswers'] },
    });
  });
});
