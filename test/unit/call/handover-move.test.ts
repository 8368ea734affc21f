import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  settle,
  silence,
  speech,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { LineOutcome } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

const names = ['first', 'second', 'third'] as const;

async function threeBackends() {
  const backends = names.map((name) => new ScriptedBackend({ name }));
  const harness = await CallHarness.open({ backends });
  const [first, second, third] = backends as [ScriptedBackend, ScriptedBackend, ScriptedBackend];
  return { harness, first, second, third };
}

async function asked(harness: CallHarness): Promise<string> {
  harness.ok(ask);
  await settle();
  return harness.last('line.opened').line.lineId;
}

const failed = (code: 'backend_refused' | 'invalid_value'): LineOutcome => ({
  status: 'failed',
  error: new CallError(code, 'no'),
});

describe('a call that is to go over to another backend', () => {
  it('does so when nobody speaks, with what was heard, and calls it no failure', async () => {
    const { harness, first, second, third } = await threeBackends();
    const lineId = await asked(harness);
    first.session.emit({ type: 'line.text', lineId, delta: 'good day', words: null });
    first.session.emit(audio(lineId, answer(800)), done(lineId));
    await harness.pass(100);
    expect(harness.call.handOver('third')).toEqual({ ok: true });
    await harness.pass(500);
    expect(harness.call.backend).toBe('first');
    await harness.pass(1000);
    expect(harness.call.backend).toBe('third');
    expect(first.session.closed).toBe(true);
    expect(second.sessions).toHaveLength(0);
    expect(third.contexts[0]?.seed?.items).toMatchObject([
      { role: 'assistant', content: [{ transcript: 'good day' }] },
    ]);
    expect(harness.last('line.closed')).toMatchObject({ end: { status: 'completed' } });
    expect(harness.entries('backend.failed')).toEqual([]);
    expect(harness.last('handover.done')).toMatchObject({
      from: 'first',
      to: 'third',
      cause: 'operator',
      gapMs: 0,
    });
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('does not wait for a pause for ever: what is being said is broken off and gone on with', async () => {
    const { harness, first, second } = await threeBackends();
    const lineId = await asked(harness);
    first.session.emit(audio(lineId, answer(60_000)));
    await harness.pass(200);
    harness.call.handOver(null);
    await harness.pass(14_000);
    expect(harness.call.backend).toBe('first');
    await harness.pass(1500);
    expect(harness.call.backend).toBe('second');
    await harness.pass(60_000);
    const goesOn = second.session.takeAll().filter(({ type }) => type === 'respond');
    expect(goesOn).toHaveLength(1);
    await harness.end();
  });

  it('waits while the caller speaks, and loses nothing of it', async () => {
    const { harness, second } = await threeBackends();
    await harness.hear(speech(400));
    harness.call.handOver('second');
    await harness.hear(speech(600));
    expect(harness.call.backend).toBe('first');
    await harness.hear(silence(700));
    const { lineId } = harness.last('line.opened').line;
    harness.session.emit(audio(lineId, answer(200)), done(lineId));
    await harness.pass(1000);
    expect(harness.call.backend).toBe('second');
    expect(second.sessions).toHaveLength(1);
    await harness.end();
  });

  it('is told why it cannot', async () => {
    const { harness } = await threeBackends();
    expect(harness.call.handOver('first')).toMatchObject({
      ok: false,
      error: { message: 'The call is with first already. There is: second, third.' },
    });
    expect(harness.call.handOver('nobody')).toMatchObject({
      ok: false,
      error: { code: 'unsupported_by_backend' },
    });
    await harness.end();
    expect(harness.call.handOver(null).ok).toBe(false);
    const alone = await CallHarness.open({ backends: [new ScriptedBackend()] });
    expect(alone.call.handOver(null)).toMatchObject({
      ok: false,
      error: { message: 'There is no other one.' },
    });
    await alone.end();
  });

  it('goes on with the others where that one does not open, itself last', async () => {
    const refuses = new ScriptedBackend({
      name: 'second',
      opening: new CallError('backend_refused', 'no'),
    });
    const backends = [new ScriptedBackend({ name: 'first' }), refuses];
    const harness = await CallHarness.open({ backends });
    harness.call.handOver('second');
    await harness.pass(200);
    expect(harness.call.backend).toBe('first');
    expect(backends[0]?.sessions).toHaveLength(2);
    expect(harness.closes).toEqual([]);
    await harness.end();
  });
});

describe('a call whose agent wants its preferred backend back', () => {
  it('goes back in a pause after half a minute', async () => {
    const backends = names.map((name) => new ScriptedBackend({ name }));
    const agent = { handover: { returns: true } };
    const harness = await CallHarness.open({ backends, agent });
    backends[0]?.session.emit({ type: 'failed', error: new CallError('backend_closed', 'gone') });
    await harness.pass(29_000);
    expect(harness.call.backend).toBe('second');
    await harness.pass(1200);
    expect(harness.call.backend).toBe('first');
    expect(harness.last('handover.done')).toMatchObject({ to: 'first', cause: 'preferred' });
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});

describe('an answer that fails', () => {
  it('is given by the next backend under the same id', async () => {
    const { harness, first, second } = await threeBackends();
    const lineId = await asked(harness);
    first.session.emit(done(lineId, failed('backend_refused')));
    await settle();
    expect(harness.call.backend).toBe('second');
    expect(second.session.takeAll().find(({ type }) => type === 'respond')).toMatchObject({
      lineId,
    });
    await harness.end();
  });

  it('fails after all where every backend has failed it: the call goes on', async () => {
    const { harness } = await threeBackends();
    const lineId = await asked(harness);
    for (let times = 0; times < 4; times += 1) {
      harness.session.emit(done(lineId, failed('backend_refused')));
      await settle();
    }
    expect(harness.last('line.closed')).toMatchObject({ lineId, end: { status: 'failed' } });
    expect(harness.entries('handover.started')).toHaveLength(3);
    expect(harness.closes).toEqual([]);
    await harness.end();
  });

  it('for a fault of the question stays failed', async () => {
    const { harness } = await threeBackends();
    const lineId = await asked(harness);
    harness.session.emit(done(lineId, failed('invalid_value')));
    await settle();
    expect(harness.call.backend).toBe('first');
    expect(harness.last('line.closed')).toMatchObject({ end: { status: 'failed' } });
    await harness.end();
  });
});

describe('a turn that its backend did not understand', () => {
  it('is told to the next one as sound', async () => {
    const { harness, first, second } = await threeBackends();
    await harness.hear(speech(600));
    await harness.hear(silence(700));
    const { itemId } = harness.last('turn.committed');
    first.session.emit(
      { type: 'caller.lost', itemId },
      { type: 'caller.transcript', itemId, text: 'two', final: true },
    );
    await settle();
    expect(harness.call.backend).toBe('second');
    const types = second.session.takeAll().map(({ type }) => type);
    expect(types.filter((type) => type !== 'configure')).toEqual(['commit', 'respond']);
    await harness.end();
  });

  it('is told in a burst and then at its pace to one that listens in real time', async () => {
    const backends = [
      new ScriptedBackend({ name: 'first' }),
      new ScriptedBackend({
        name: 'second',
        capabilities: { ...turnCapabilities, fasterThanRealTime: false },
      }),
    ] as const;
    const harness = await CallHarness.open({ backends });
    await harness.hear(speech(7000));
    await harness.hear(silence(700));
    const turn = harness.last('turn.committed');
    backends[0].session.emit({ type: 'failed', error: new CallError('backend_closed', 'gone') });
    await settle();
    const { session } = backends[1];
    expect(session.takeAll().map(({ type }) => type)).not.toContain('commit');
    await harness.pass(3000);
    const [commit, respond] = session.takeAll().filter(({ type }) => type !== 'configure');
    expect(commit).toMatchObject({ type: 'commit', itemId: turn.itemId });
    expect(respond).toMatchObject({ type: 'respond' });
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});
