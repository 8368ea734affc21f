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
import {
  frameCapabilities,
  ScriptedBackend,
  turnCapabilities,
} from '../../support/scripted-backend.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';

beforeAll(prepareResampler);

/** An agent that has been heard for `heardMs` of a line of 4 s. */
async function sounding(heardMs: number, options: HarnessOptions = {}) {
  // Steady tones have no envelope by which an echo could be told from a caller.
  const harness = await CallHarness.open({ manner: { echo: 'none' }, ...options });
  const { session } = harness;
  harness.ok(ask);
  const { lineId } = session.next('respond');
  session.emit({ type: 'line.started', lineId }, audio(lineId, answer(4000)));
  await harness.hear(silence(heardMs));
  return { harness, session, lineId };
}

const press = (pressed: boolean) => ({ type: 'ptt', pressed }) as const;
const key = (digit: string) => ({ type: 'dtmf', digit }) as const;

describe('push-to-talk', () => {
  it('[T64] cuts the agent at once, and the key up commits and answers what lies between', async () => {
    const { harness, session } = await sounding(1000);
    harness.ok(press(true));
    expect(harness.story.slice(-4)).toEqual([
      'speech.started',
      'speech.interrupted',
      'agent.cut',
      'line.closed',
    ]);
    expect(harness.last('speech.interrupted')).toMatchObject({ by: 'key', judgedMs: 0 });
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    await harness.hear(silence(700));
    await harness.hear(speech(500));
    await harness.hear(silence(700));
    expect(harness.entries('turn.committed')).toEqual([]);
    harness.ok(press(false));
    expect(session.next('commit')).toMatchObject({ fromSample: 24_000, toSample: 69_600 });
    expect(session.next('respond').lineId).toBe('line_2');
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });

  it('[T64] is a turn without an answer where the client asks itself', async () => {
    const harness = await CallHarness.open({ detection: { createResponse: false } });
    harness.ok(press(true));
    await harness.hear(speech(300));
    harness.ok(press(false));
    harness.ok(press(false));
    expect(harness.session.takeAll().map(({ type }) => type)).toEqual(['commit']);
    await harness.end();
  });

  it('[T64] is no way to talk to a backend that decides about turns', async () => {
    const capabilities = { ...turnCapabilities, authorities: ['backend'] } as const;
    const harness = await CallHarness.open({ backends: [new ScriptedBackend({ capabilities })] });
    expect(harness.refused(press(true))).toBe('unsupported_by_backend');
    await harness.end();
  });
});

describe('mute', () => {
  it('[T65] over the agent lets it go on where it was, and nothing is heard until it is lifted', async () => {
    const { harness, session } = await sounding(1000);
    await harness.hear(speech(400));
    expect(harness.story.at(-1)).toBe('agent.held');
    harness.ok({ type: 'mute', muted: true });
    expect(harness.last('agent.resumed').cause).toBe('asked');
    expect(harness.last('speech.dismissed').verdict).toBe('backchannel');
    await harness.hear(speech(1500));
    expect(harness.entries('agent.cut')).toEqual([]);
    expect(harness.entries('speech.started')).toEqual([]);
    harness.ok({ type: 'mute', muted: false });
    await harness.hear(speech(800));
    expect(harness.entries('agent.cut')).toHaveLength(1);
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    await harness.end();
  });
});

describe('telephone keys', () => {
  it('[T66] cut the agent once, and are a turn in writing that is answered', async () => {
    const { harness, session } = await sounding(1000);
    harness.ok(key('4'));
    expect(harness.last('agent.cut').by).toBe('caller');
    harness.ok(key('2'));
    await harness.pass(1900);
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    await harness.pass(200);
    const { item } = session.next('item.add');
    expect(item).toMatchObject({ role: 'user', content: [{ text: '[keys pressed: 42]' }] });
    expect(harness.last('item.added').item).toEqual(item);
    expect(session.next('respond').lineId).toBe('line_2');
    expect(harness.call.seed().items.at(-1)).toEqual(item);
    await harness.end();
  });

  it('[T66] end with # at once; # alone is nothing', async () => {
    const harness = await CallHarness.open();
    harness.ok(key('#'));
    expect(harness.session.leftovers).toEqual([]);
    harness.ok(key('7'));
    harness.ok(key('#'));
    expect(harness.session.takeAll().map(({ type }) => type)).toEqual(['item.add', 'respond']);
    await harness.pass(5000);
    expect(harness.entries('item.added')).toHaveLength(1);
    await harness.end();
  });

  it('[T66] need a backend that takes items from outside', async () => {
    const capabilities = { ...turnCapabilities, appendContext: false };
    const harness = await CallHarness.open({ backends: [new ScriptedBackend({ capabilities })] });
    expect(harness.refused(key('1'))).toBe('unsupported_by_backend');
    await harness.end();
  });
});

describe('an interrupt of the app', () => {
  it('[T16] is told as what it is: the client wanted silence, nobody spoke', async () => {
    const { harness, session } = await sounding(1000);
    harness.ok({ type: 'interrupt' });
    expect(harness.last('agent.cut').by).toBe('client');
    expect(harness.last('line.closed').end).toEqual({
      status: 'cancelled',
      reason: 'client_cancelled',
    });
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    harness.ok({ type: 'interrupt' });
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });

  it('[T16] leaves what comes later to the caller', async () => {
    const { harness, session } = await sounding(1000);
    harness.ok({ type: 'interrupt' });
    session.takeAll();
    harness.ok(ask);
    const { lineId } = session.next('respond');
    session.emit(audio(lineId, answer(4000)));
    await harness.hear(silence(1000));
    await harness.hear(speech(800));
    expect(harness.last('agent.cut').by).toBe('caller');
    await harness.end();
  });

  it('[T16] silences a thinking agent too: nothing of its answer is ever heard', async () => {
    const harness = await CallHarness.open();
    harness.ok(ask);
    const { lineId } = harness.session.next('respond');
    harness.ok({ type: 'interrupt' });
    harness.session.next('cancel');
    harness.session.emit(audio(lineId, answer(500)), done(lineId));
    await harness.pass(2000);
    expect(harness.view.packets()).toEqual([]);
    await harness.end();
  });

  it('[T16] silences a backend that decides about turns', async () => {
    const capabilities = { ...turnCapabilities, authorities: ['backend'] } as const;
    const { harness, session } = await sounding(1000, {
      backends: [new ScriptedBackend({ capabilities })],
    });
    harness.ok({ type: 'interrupt' });
    expect(harness.last('agent.cut').by).toBe('client');
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate']);
    const sentMs = harness.view.sentMs();
    await harness.pass(3000);
    expect(harness.view.sentMs()).toBe(sentMs);
    await harness.end();
  });

  it('[T16] silences a model without turns, which is told nothing', async () => {
    const harness = await CallHarness.open({
      backends: [new ScriptedBackend({ capabilities: frameCapabilities })],
    });
    const { session } = harness;
    for (let frame = 0; frame < 20; frame += 1) {
      session.emit({
        type: 'stream.frame',
        frame: {
          startSample: frame * 1920,
          bytes: answer(80, frame * 1920),
          heardInputSample: frame * 1920,
          text: null,
          mark: frame === 0 ? 'speech_started' : null,
        },
      });
      await harness.hear(silence(80));
    }
    expect(harness.view.packets().length).toBeGreaterThan(10);
    const before = harness.view.sentMs();
    harness.ok({ type: 'interrupt' });
    expect(harness.last('agent.cut').by).toBe('client');
    expect(session.leftovers).toEqual([]);
    await settle();
    expect(harness.view.sentMs()).toBe(before);
    await harness.end();
  });
});
