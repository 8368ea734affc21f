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
  type HarnessOptions,
} from '../../support/call-harness.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

const partials = { ...turnCapabilities.transcripts, partials: true };
const capabilities = { ...turnCapabilities, transcripts: partials, speculation: true };

function heard(text: string, final = false): BackendEvent {
  return { type: 'caller.partial', text, final };
}

async function withWords(options: HarnessOptions = {}) {
  const harness = await CallHarness.open({
    backends: [new ScriptedBackend({ capabilities })],
    // Steady tones have no envelope by which an echo could be told from a caller.
    manner: { echo: 'none' },
    ...options,
  });
  const { session } = harness;
  const says = async (text: string, final = false): Promise<void> => {
    session.emit(heard(text, final));
    await settle();
  };
  return { harness, session, says };
}

/** An agent that has been heard for 1 s of 8. */
async function sounding() {
  const rig = await withWords();
  rig.harness.ok(ask);
  const { lineId } = rig.session.next('respond');
  rig.session.emit(audio(lineId, answer(8000)));
  await rig.harness.hear(silence(1000));
  return rig;
}

describe('what the caller says over the agent', () => {
  it('[T22] with a stop word in it cuts at once', async () => {
    const { harness, says, session } = await sounding();
    await harness.hear(speech(220));
    await says('no, stop');
    expect(harness.last('speech.interrupted').by).toBe('words');
    expect(harness.last('agent.cut').by).toBe('caller');
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    await harness.end();
  });

  it('[T22] [T23] that is “mhm” does not, and its words are in no turn', async () => {
    const { harness, says } = await sounding();
    await harness.hear(speech(400));
    await says('mhm');
    await says('mhm yeah');
    await harness.hear(silence(400));
    expect(harness.last('agent.resumed').cause).toBe('asked');
    await says('mhm yeah', true);
    expect(harness.last('speech.dismissed')).toMatchObject({
      verdict: 'backchannel',
      text: 'mhm yeah',
    });
    expect(harness.entries('agent.cut')).toEqual([]);
    expect(harness.entries('speech.started')).toEqual([]);
    expect(harness.call.seed().items.filter(({ kind }) => kind === 'message')).toHaveLength(1);
    await harness.end();
  });

  it('[T23] that is known only when it is over is still an interruption, from where it began', async () => {
    const { harness, says, session } = await sounding();
    const fromMs = 1000;
    await harness.hear(speech(400));
    await harness.hear(silence(300));
    expect(harness.story.at(-1)).toBe('agent.resumed');
    await says('wait a second', true);
    expect(harness.last('speech.started').audioStartMs).toBeGreaterThan(fromMs - 310);
    expect(harness.last('speech.started').audioStartMs).toBeLessThanOrEqual(fromMs);
    expect(harness.entries('agent.cut')).toHaveLength(1);
    expect(harness.entries('speech.dismissed')).toEqual([]);
    session.takeAll();
    await harness.hear(silence(600));
    // What was said over the agent belongs to the turn, words and sound.
    const [speculate, commit, respond] = session.takeAll();
    expect(speculate).toMatchObject({ type: 'speculate', text: 'wait a second' });
    const fromSample = harness.last('speech.started').audioStartMs * 24;
    expect(commit).toMatchObject({ type: 'commit', fromSample });
    expect(respond).toMatchObject({ type: 'respond', speculationId: 1 });
    await harness.end();
  });

  it('[T23] comes too late when it was told what it was', async () => {
    const { harness, says } = await sounding();
    await harness.hear(speech(400));
    await harness.hear(silence(900));
    expect(harness.last('speech.dismissed').text).toBe('');
    await says('wait a second', true);
    expect(harness.entries('agent.cut')).toEqual([]);
    await harness.end();
  });

  it('[T28] that is what the agent says is none of the caller’s', async () => {
    const rig = await withWords({ manner: { echo: 'guard' } });
    const { harness, session, says } = rig;
    harness.ok(ask);
    const { lineId } = session.next('respond');
    const words = 'Your reservation for seven people is confirmed on Thursday evening';
    session.emit({ type: 'line.text', lineId, delta: words, words: null });
    session.emit(audio(lineId, answer(8000)));
    await harness.hear(silence(1000));
    await harness.hear(speech(250));
    await says('reservation for seven people');
    await harness.hear(silence(300));
    await says('reservation for seven people', true);
    expect(harness.entries('agent.cut')).toEqual([]);
    expect(harness.last('speech.dismissed').verdict).toBe('echo');
    // In words of their own it is the caller.
    await harness.hear(speech(250));
    await says('no stop I said eight');
    expect(harness.entries('agent.cut')).toHaveLength(1);
    await harness.end();
  });

  it('is nonsense from a backend that gives none', async () => {
    const harness = await CallHarness.open();
    harness.ok(ask);
    harness.session.emit(audio('line_1', answer(4000)));
    await harness.hear(silence(1000));
    await harness.hear(speech(200));
    harness.session.emit(heard('stop'));
    await settle();
    expect(harness.entries('agent.cut')).toEqual([]);
    // Too much of it breaks the session.
    for (let n = 0; n < 2000; n += 1) harness.session.emit(heard('stop'));
    await settle();
    expect(harness.closes).toHaveLength(1);
  });
});

/** A caller who has said this and is silent for 250 ms, so that an answer is begun. */
async function speculated(text = 'Do you have a table?') {
  const rig = await withWords();
  await rig.harness.hear(speech(800));
  await rig.says(text);
  await rig.harness.hear(silence(280));
  return { ...rig, command: rig.session.next('speculate') };
}

describe('an answer that is begun before the turn is over', () => {
  it('[T51] is adopted by the turn with the very same words, and heard by nobody before', async () => {
    const { harness, session, says, command } = await speculated();
    expect(command.text).toBe('Do you have a table?');
    expect(harness.last('speculation.started')).toMatchObject({ text: command.text });
    const begunAtMs = harness.last('speculation.started').atMs;
    await says('do you have a table', true);
    await harness.hear(silence(400));
    expect(session.next('commit')).toBeDefined();
    const { lineId, speculationId } = session.next('respond');
    expect(speculationId).toBe(command.speculationId);
    expect(session.leftovers).toEqual([]);
    const { outcome, ageMs, atMs } = harness.last('speculation.ended');
    expect(outcome).toBe('adopted');
    expect(ageMs).toBe(atMs - begunAtMs);
    expect(ageMs).toBeGreaterThan(100);
    expect(harness.view.packets()).toEqual([]);
    session.emit(audio(lineId, answer(200)), done(lineId));
    await harness.pass(500);
    expect(harness.view.bytes(lineId)).toEqual(Buffer.from(answer(200)));
    await harness.end();
  });

  it('[T51] is dropped when the words change, and another one is begun', async () => {
    const { harness, session, says, command } = await speculated();
    await says('do you have a table for two');
    expect(session.next('speculation.drop').speculationId).toBe(command.speculationId);
    expect(harness.last('speculation.ended').outcome).toBe('dropped');
    await harness.hear(silence(200));
    const second = session.next('speculate');
    expect(second.speculationId).not.toBe(command.speculationId);
    await harness.hear(silence(300));
    session.next('commit');
    expect(session.next('respond').speculationId).toBe(second.speculationId);
    await harness.end();
  });

  it.each([
    ['an item is added', 'item.add'],
    ['an item is deleted', 'item.delete'],
    ['the settings change', 'configure'],
  ] as const)('[T51] is dropped when %s: it knows nothing of that', async (_what, type) => {
    const rig = await withWords();
    const { harness, session, says } = rig;
    const item = { kind: 'message', role: 'user', itemId: 'note' } as const;
    const content = [{ type: 'text', text: 'by the way' }] as const;
    const create = { type: 'item.create', item: { ...item, content }, after: null } as const;
    if (type === 'item.delete') harness.ok(create);
    session.takeAll();
    await harness.hear(speech(800));
    await says('Do you have a table?');
    await harness.hear(silence(280));
    const { speculationId } = session.next('speculate');
    if (type === 'item.add') harness.ok(create);
    else if (type === 'item.delete') harness.ok({ type: 'item.delete', itemId: 'note' });
    else harness.ok({ type: 'configure', patch: { instructions: 'Be rude.' } });
    // Dropped before the backend knows more.
    expect(session.takeAll().map((command) => command.type)).toEqual(['speculation.drop', type]);
    await harness.hear(silence(400));
    const ends = harness.entries('speculation.ended');
    expect(ends[0]).toMatchObject({ speculationId, outcome: 'dropped' });
    const adopted = session.takeAll().find((command) => command.type === 'respond');
    expect(adopted?.speculationId).not.toBe(speculationId);
    await harness.end();
  });

  it.each(['commit', 'clear', 'ptt'] as const)(
    '[T51] is dropped when the turn ends by %s',
    async (how) => {
      const { harness, session, command } = await speculated();
      if (how === 'ptt') {
        harness.ok({ type: 'ptt', pressed: true });
        harness.ok({ type: 'ptt', pressed: false });
      } else harness.ok({ type: how });
      const drops = session.takeAll().filter(({ type }) => type === 'speculation.drop');
      expect(drops).toEqual([{ type: 'speculation.drop', speculationId: command.speculationId }]);
      expect(harness.entries('speculation.ended')).toHaveLength(1);
      await harness.end();
    },
  );

  it('[T50] is never begun where the backend cannot, nor where the client asks itself', async () => {
    const plain = { ...turnCapabilities, transcripts: partials };
    for (const options of [
      { backends: [new ScriptedBackend({ capabilities: plain })] },
      { detection: { createResponse: false } },
    ]) {
      const { harness, session, says } = await withWords(options);
      await harness.hear(speech(800));
      await says('Do you have a table?');
      await harness.hear(silence(600));
      expect(session.takeAll().map(({ type }) => type)).not.toContain('speculate');
      expect(harness.entries('turn.committed')).toHaveLength(1);
      await harness.end();
    }
  });
});
