import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { GateDefinition } from '../../../src/ports/gate.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  plainAgent,
  settle,
  text,
} from '../../support/call-harness.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';

const gate: GateDefinition = {
  holdBackMs: 200,
  onLateText: 'speak',
  rules: [
    { kind: 'phrases', name: 'promise', phrases: ['guarantee a refund'] },
    { kind: 'pattern', name: 'card', pattern: 'card' },
  ],
  disclosure: null,
  onHit: 'drop',
  replacement: null,
  handoverTo: 'operator',
  check: null,
};

beforeAll(prepareResampler);

let harness: CallHarness;
afterEach(() => harness.end());

async function open(
  transcripts: Partial<BackendCapabilities['transcripts']>,
  more: Partial<GateDefinition> = {},
): Promise<string> {
  const capabilities = {
    ...turnCapabilities,
    verbatim: true,
    transcripts: { ...turnCapabilities.transcripts, ...transcripts },
  };
  const backends = [new ScriptedBackend({ capabilities })];
  harness = new CallHarness({ backends, agent: { ...plainAgent, gate: { ...gate, ...more } } });
  await settle();
  harness.ok(ask);
  return session().next('respond').lineId;
}

const session = (): ScriptedBackend['session'] => harness.backends[0]!.session;
const entries = (type: string): readonly object[] =>
  harness.call.entries.filter((entry) => entry.type === type);

async function advance(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 20) {
    harness.clock.advance(20);
    await settle();
  }
}

describe('a line whose text comes before its audio', () => {
  const paired = { wordTimes: false, paired: true };

  it('goes on without any delay while nothing is unclear', async () => {
    const lineId = await open(paired);
    session().emit(text(lineId, 'Good morning to you.'), audio(lineId, answer(300)));
    await settle();
    expect(harness.view.sentMs(lineId)).toBeGreaterThan(0);
    await advance(400);
    session().emit(done(lineId));
    await advance(400);
    expect(harness.view.sentMs(lineId)).toBe(300);
    expect(entries('gate.hit')).toEqual([]);
  });

  it('ends before a phrase that is split over its pieces, and tells the backend', async () => {
    const lineId = await open(paired);
    session().emit(text(lineId, 'Of course. '), audio(lineId, answer(500)));
    session().emit(text(lineId, 'We guar'), audio(lineId, answer(200)));
    session().emit(text(lineId, 'antee a re'), audio(lineId, answer(300)));
    session().emit(text(lineId, 'fund.'), audio(lineId, answer(300)), done(lineId));
    await advance(1_500);
    const [hit] = entries('gate.hit');
    expect(hit).toMatchObject({ rule: 'promise', action: 'drop', lateMs: 0 });
    expect(JSON.stringify(harness.call.entries)).not.toMatch(/guar|refund/);
    expect(harness.view.sentMs(lineId)).toBeGreaterThanOrEqual(500);
    expect(harness.view.sentMs(lineId)).toBeLessThan(700);
    const [closed] = entries('line.closed');
    expect(closed).toMatchObject({ end: { status: 'incomplete', reason: 'content_filter' } });
    expect(session().next('cancel').lineId).toBe(lineId);
    expect(session().next('truncate').heardText).toBe('Of course. We ');
  });

  it('says another sentence instead, word for word', async () => {
    const replacement = 'I cannot promise that.';
    const lineId = await open(paired, { onHit: 'replace', replacement });
    session().emit(text(lineId, 'I guarantee a refund!'), audio(lineId, answer(900)));
    await advance(400);
    expect(harness.view.sentMs(lineId)).toBeLessThanOrEqual(60);
    session().next('cancel');
    session().next('truncate');
    const request = session().next('respond');
    expect(request.words).toBe(replacement);
    session().emit(text(request.lineId, replacement), audio(request.lineId, answer(400)));
    session().emit(done(request.lineId));
    await advance(900);
    expect(harness.view.sentMs(request.lineId)).toBe(400);
    expect(harness.closes).toEqual([]);
  });

  it.each(['end', 'handover'] as const)('%s closes the call once that was heard', async (onHit) => {
    const lineId = await open(paired, { onHit, replacement: 'Goodbye.' });
    session().emit(text(lineId, 'I guarantee a refund!'), audio(lineId, answer(900)));
    await advance(400);
    session().next('cancel');
    session().next('truncate');
    const request = session().next('respond');
    session().emit(text(request.lineId, 'Goodbye.'), audio(request.lineId, answer(400)));
    session().emit(done(request.lineId));
    await advance(200);
    expect(harness.closes).toEqual([]);
    await advance(900);
    expect(harness.closes).toEqual([{ kind: 'agent', reason: 'gate' }]);
    expect(entries('call.action')).toHaveLength(onHit === 'handover' ? 1 : 0);
  });

  it('has the disclosure said first, and the answer after it', async () => {
    const disclosure = 'This call is recorded.';
    const lineId = await open(paired, { disclosure });
    session().emit(text(lineId, 'Hello there.'), audio(lineId, answer(500)), done(lineId));
    await advance(400);
    expect(harness.view.sentMs(lineId)).toBe(0);
    session().next('cancel');
    session().next('truncate');
    const said = session().next('respond');
    expect(said.words).toBe(disclosure);
    session().emit(
      text(said.lineId, disclosure),
      audio(said.lineId, answer(400)),
      done(said.lineId),
    );
    await advance(900);
    expect(entries('gate.disclosed')).toMatchObject([{ lineId: said.lineId, by: 'gate' }]);
    const again = session().next('respond');
    session().emit(text(again.lineId, 'Hello there.'), audio(again.lineId, answer(500)));
    session().emit(done(again.lineId));
    await advance(900);
    expect(harness.view.sentMs(again.lineId)).toBe(500);
  });
});

describe('a line whose text comes beside its audio', () => {
  const loose = { wordTimes: false };

  it('waits its time at most', async () => {
    const lineId = await open(loose);
    session().emit(audio(lineId, answer(300)));
    await advance(180);
    expect(harness.view.sentMs(lineId)).toBe(0);
    await advance(40);
    expect(harness.view.sentMs(lineId)).toBeGreaterThan(0);
    expect(entries('gate.held')).toMatchObject([{ heldMs: 200 }]);
  });

  it('goes at once where it can say no more than its text', async () => {
    const lineId = await open(loose);
    const words = 'one of the very long sentences that are said before anybody can be sure.';
    session().emit(text(lineId, words), audio(lineId, answer(300)));
    await settle();
    expect(harness.view.sentMs(lineId)).toBeGreaterThan(0);
  });

  it('stops at a hit whose text comes late, and says how late', async () => {
    const lineId = await open(loose, { holdBackMs: 0 });
    session().emit(audio(lineId, answer(2_000)));
    await advance(400);
    const sentMs = harness.view.sentMs(lineId);
    expect(sentMs).toBeGreaterThan(300);
    session().emit(text(lineId, 'I guarantee a refund.'));
    await settle();
    expect(entries('gate.hit')).toHaveLength(1);
    expect((entries('gate.hit')[0] as { lateMs: number }).lateMs).toBeGreaterThan(200);
    await advance(1_000);
    expect(harness.view.sentMs(lineId)).toBe(sentMs);
  });

  it('waits for late text where that is to be held', async () => {
    const lineId = await open(loose, { onLateText: 'hold' });
    session().emit(audio(lineId, answer(2_000)));
    await advance(3_000);
    expect(harness.view.sentMs(lineId)).toBe(0);
    session().emit(text(lineId, 'I guarantee a refund.'));
    await settle();
    expect(entries('gate.hit')).toMatchObject([{ rule: 'promise', lateMs: 0 }]);
    await advance(9_000);
    expect(harness.view.sentMs(lineId)).toBeLessThan(100);
  });

  it('waits for nothing where nothing is looked for', async () => {
    const lineId = await open(loose, { rules: [], onLateText: 'hold' });
    session().emit(audio(lineId, answer(300)));
    await settle();
    expect(harness.view.sentMs(lineId)).toBeGreaterThan(0);
    expect(entries('gate.held')).toEqual([]);
  });

  it('leaves nothing behind when the caller cuts it or the call ends', async () => {
    const lineId = await open(loose);
    session().emit(audio(lineId, answer(300)));
    await settle();
    harness.ok({ type: 'cancel', lineId: null });
    expect(session().next('cancel').lineId).toBe(lineId);
    await advance(400);
    expect(harness.view.sentMs(lineId)).toBe(0);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});
