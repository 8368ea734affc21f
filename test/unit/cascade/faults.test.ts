import { describe, expect, it } from 'vitest';
import { CallError } from '../../../src/ports/errors.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { cascadeCall, cascadeRig } from './cascade-rig.ts';
import { contextFor } from '../../contract/backend-context.ts';
import { FailingModel } from './scripted-parts.ts';

const tooBusy = new CallError('backend_overloaded', 'the model is too busy');

describe('a part that fails', () => {
  it('fails the line with its own code; three in a row end the session', async () => {
    const clock = new ManualClock();
    const { probe, pass, figure } = await cascadeCall({
      clock,
      llm: new FailingModel(clock, tooBusy),
    });
    for (const lineId of ['line_1', 'line_2', 'line_3']) {
      expect(probe.ended).toBe(false);
      probe.respond(lineId);
      await pass(100);
      expect(probe.done(lineId)?.outcome).toEqual({ status: 'failed', error: tooBusy });
    }
    expect(probe.events.at(-1)).toEqual({ type: 'failed', error: tooBusy });
    expect(probe.ended).toBe(true);
    expect(figure('sessionsFailed')).toBe(1);
    expect(figure('sessionsOpen')).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('that works in between starts the count anew', async () => {
    const clock = new ManualClock();
    const llm = new FailingModel(clock, tooBusy, 2);
    const { probe, pass } = await cascadeCall({ clock, llm });
    for (const lineId of ['line_1', 'line_2', 'line_3']) {
      probe.respond(lineId);
      await pass(3000);
    }
    expect(probe.done('line_3')?.outcome).toEqual({ status: 'completed' });
    llm.failures = 2;
    probe.respond('line_4');
    await pass(100);
    probe.respond('line_5');
    await pass(100);
    expect(probe.done('line_5')?.outcome.status).toBe('failed');
    expect(probe.ended).toBe(false);
  });

  it('as a voice fails the line, and the model stops', async () => {
    const { probe, llm, tts, pass, figure } = await cascadeCall();
    tts.failures = 1;
    llm.writings = [
      [10, 'Well, of course. ', 5000, 'And more.'],
      [10, 'Hello.'],
    ];
    probe.respond('line_1');
    await pass(100);
    expect(probe.done('line_1')?.outcome).toMatchObject({ error: { code: 'backend_refused' } });
    expect(llm.running).toBe(0);
    expect(figure('speechFailures')).toBe(1);
    probe.respond('line_2');
    await pass(1000);
    expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
  });
});

describe('a lost recogniser', () => {
  it('gives what it had said, and is opened again with what it had heard of the turn', async () => {
    const { probe, stt, pass, commit, figure } = await cascadeCall();
    stt.refusals = 1;
    stt.latest.partial('I would like');
    await pass(0);
    stt.latest.fail();
    await pass(0);
    expect(stt.sessions[0]?.closed).toBe(true);
    await probe.speak(1000);
    expect(stt.sessions).toHaveLength(2);
    expect(figure('recogniserReopened')).toBe(1);
    expect(figure('inputDroppedSamples')).toBeGreaterThan(0);
    expect(probe.events).toContainEqual({
      type: 'dropped',
      what: 'input',
      samples: figure('inputDroppedSamples'),
    });
    stt.finalText = 'two teas';
    await commit('item_1', 'two');
    await pass(100);
    expect(probe.events).toContainEqual({
      type: 'caller.partial',
      text: 'I would like two',
      final: false,
    });
    expect(probe.events.at(-1)).toMatchObject({ text: 'I would like two teas', final: true });
  });

  it('lets the turn that waits for it be answered by what it had said', async () => {
    const { probe, stt, pass, commit, figure } = await cascadeCall();
    stt.finalText = null;
    await commit('item_1', 'hello there');
    probe.respond('line_1');
    stt.latest.fail();
    await pass(3000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(figure('finalsLost')).toBe(1);
  });

  it('that cannot be had again ends the session', async () => {
    const { probe, stt, pass } = await cascadeCall();
    stt.refusals = 10;
    stt.latest.fail();
    await pass(20_000);
    expect(probe.events.at(-1)).toMatchObject({
      type: 'failed',
      error: { code: 'backend_refused', message: 'the recogniser is full' },
    });
    expect(stt.refusals).toBe(8);
  });
});

describe('a lost voice', () => {
  it('is opened again, and lines wait for it', async () => {
    const { probe, tts, pass, figure } = await cascadeCall();
    tts.sessions[0]?.lose(new CallError('backend_closed', 'gone'));
    await pass(0);
    probe.respond('line_1');
    await pass(100);
    expect(probe.audio('line_1').byteLength).toBe(0);
    await pass(3000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(figure('voiceReopened')).toBe(1);
  });
});

describe('a voice lost in the middle of a line', () => {
  it('costs that line alone', async () => {
    const { probe, tts, llm, pass } = await cascadeCall({ options: { failuresAllowed: 2 } });
    llm.writings = [[10, 'Well, of course. ', 100, 'And more.']];
    probe.respond('line_1');
    await pass(15);
    const gone = new CallError('backend_closed', 'gone');
    tts.utterances[0]?.fail(gone);
    tts.sessions[0]?.lose(gone);
    await pass(1000);
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'failed', error: gone });
    expect(probe.ended).toBe(false);
    probe.respond('line_2');
    await pass(3000);
    expect(probe.done('line_2')?.outcome).toEqual({ status: 'completed' });
  });
});

describe('the session', () => {
  it('frees everything at once when it is closed in the middle of all', async () => {
    const { probe, stt, llm, tts, pass, commit, clock, figure } = await cascadeCall({
      options: { cachedPhrases: ['One moment.'] },
    });
    stt.finalText = null;
    llm.writings = [[10, 'Well, of course. ', 5000, 'And more.']];
    probe.session.send({ type: 'speculate', speculationId: 1, text: 'hm' });
    probe.respond('line_1', { outOfBand: true });
    await commit('item_1', 'hello');
    probe.respond('line_2');
    await pass(100);
    probe.session.close();
    expect(stt.latest.closed).toBe(true);
    expect(tts.speaking).toBe(0);
    expect(tts.sessions.every(({ closed }) => closed)).toBe(true);
    await pass(0);
    expect(llm.running).toBe(0);
    expect(probe.ended).toBe(true);
    expect(clock.pending).toBe(0);
    expect(figure('sessionsOpen')).toBe(0);
  });

  it('closes the part that did open when the other does not', async () => {
    const { backend, stt, tts, clock } = cascadeRig();
    stt.refusals = 1;
    const context = contextFor(backend, clock);
    await expect(backend.open(context, new AbortController().signal)).rejects.toMatchObject({
      code: 'backend_refused',
    });
    await Promise.resolve();
    expect(tts.sessions.every(({ closed }) => closed)).toBe(true);
    expect(backend.figures()['sessionsOpen']).toBe(0);
    expect(backend.figures()['opensRefused']).toBe(1);
  });

  it('tells the model what requests begin with once the settings have settled', async () => {
    const { probe, llm, pass } = await cascadeCall();
    const { settings } = contextFor(cascadeRig().backend, new ManualClock());
    const configured = { ...settings, instructions: 'Be kind.' };
    await pass(50);
    probe.session.send({ type: 'configure', settings: configured });
    await pass(200);
    expect(llm.warmed).toHaveLength(1);
    expect(llm.warmed[0]?.messages[0]).toEqual({ role: 'system', text: 'Be kind.' });
  });

  it('shows the figures of its parts under their own names', () => {
    const { backend } = cascadeRig();
    expect(backend.figures()).toMatchObject({ sttOpened: 0, llmRequests: 0, ttsUtterances: 0 });
  });
});
