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
  text,
} from '../../support/call-harness.ts';
import { EnergyDetector } from '../../support/energy-detector.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';
import type { ServerVad } from '../../../src/ports/settings.ts';

beforeAll(prepareResampler);

/** Steady tones have no envelope by which an echo could be told from a caller. */
const noEcho = { echo: 'none' } as const;

/** A call in which the caller has asked and the agent has begun to answer with `ms` of audio. */
async function answered(ms: number, detection: Partial<ServerVad> = {}) {
  const harness = await CallHarness.open({ detection, manner: noEcho });
  await harness.hear(speech(1000));
  await harness.hear(silence(600));
  const { session } = harness;
  const { lineId } = (session.next('commit'), session.next('respond'));
  session.emit({ type: 'line.started', lineId }, text(lineId, 'aaaa bbbb cccc dddd'));
  session.emit(audio(lineId, answer(ms)));
  await settle();
  return { harness, session, lineId };
}

describe('a detected turn', () => {
  it('is committed, answered, paced and done, in this order', async () => {
    const { harness, session, lineId } = await answered(1000);
    session.emit(done(lineId));
    await harness.pass(2000);
    expect(harness.story).toEqual([
      'call.opened',
      'backend.opening',
      'backend.ready',
      'speech.started',
      'speech.stopped',
      'turn.committed',
      'line.opened',
      'line.text',
      'line.first_packet',
      'line.first_audio',
      'line.first_heard',
      'line.closed',
      'line.heard',
    ]);
    expect(harness.last('line.opened').line).toMatchObject({ cause: 'turn', epoch: 0 });
    expect(harness.last('line.closed')).toMatchObject({
      end: { status: 'completed' },
      extent: { generatedMs: 1000, sentMs: 1000, sentText: 'aaaa bbbb cccc dddd' },
    });
    expect(harness.view.bytes(lineId)).toEqual(Buffer.from(answer(1000)));
    await harness.end();
  });

  it('gives its item, its samples and its end the same place everywhere', async () => {
    const harness = await CallHarness.open();
    await harness.hear(silence(1000));
    await harness.hear(speech(1000));
    await harness.hear(silence(600));
    const started = harness.last('speech.started');
    const stopped = harness.last('speech.stopped');
    const committed = harness.last('turn.committed');
    const command = harness.session.next('commit');
    expect(started.audioStartMs).toBeGreaterThan(650);
    expect(started.audioStartMs).toBeLessThanOrEqual(740);
    expect(stopped.audioEndMs).toBeGreaterThan(2450);
    expect(stopped.audioEndMs).toBeLessThan(2600);
    expect([started.itemId, stopped.itemId, committed.itemId]).toEqual(
      Array(3).fill(command.itemId),
    );
    expect(committed).toMatchObject({
      cause: 'silence',
      fromSample: started.audioStartMs * 24,
      toSample: stopped.audioEndMs * 24,
    });
    expect(command).toMatchObject({
      fromSample: committed.fromSample,
      toSample: committed.toSample,
    });
    expect(committed.speechEndAtMs).toBeGreaterThan(1950);
    expect(committed.speechEndAtMs).toBeLessThan(2080);
    await harness.end();
  });

  it('is not answered by itself when the client wants to ask', async () => {
    const harness = await CallHarness.open({ detection: { createResponse: false } });
    await harness.hear(speech(1000));
    await harness.hear(silence(600));
    harness.session.next('commit');
    expect(harness.session.leftovers).toEqual([]);
    harness.ok(ask);
    expect(harness.session.next('respond').lineId).toBe('line_1');
    await harness.end();
  });

  it('lets the client have at most its lead', async () => {
    const { harness, session, lineId } = await answered(5000);
    expect(harness.view.sentMs(lineId)).toBe(200);
    for (let step = 1; step <= 100; step += 1) {
      await harness.pass(20);
      expect(harness.view.sentMs(lineId)).toBeLessThanOrEqual(200 + step * 20 + 0.1);
    }
    expect(harness.view.sentMs(lineId)).toBeGreaterThan(2100);
    session.emit(done(lineId));
    await harness.end();
  });
});

describe('a barge-in', () => {
  it('[T20] [T21] lowers the agent at once, then holds it, and shows nothing yet', async () => {
    const { harness, session } = await answered(4000);
    await harness.hear(silence(1000));
    const shown = harness.entries('speech.started').length;
    await harness.hear(speech(140));
    await harness.hear(speech(200));
    await harness.hear(speech(100));
    expect(harness.story.slice(-2)).toEqual(['agent.ducked', 'agent.held']);
    expect(harness.entries('speech.started')).toHaveLength(shown);
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });

  it('[T23] that comes to nothing loses nothing: the agent goes on where it was', async () => {
    const { harness, session, lineId } = await answered(4000);
    await harness.hear(silence(1000));
    await harness.hear(speech(400));
    await harness.hear(silence(5000));
    session.emit(done(lineId));
    await harness.pass(4000);
    expect(harness.last('speech.dismissed')).toMatchObject({ verdict: 'backchannel' });
    expect(harness.entries('agent.cut')).toEqual([]);
    expect(harness.last('line.closed')).toMatchObject({
      end: { status: 'completed' },
      extent: { sentMs: 4000 },
    });
    expect(harness.view.bytes(lineId)).toHaveLength(answer(4000).byteLength);
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });

  it('[T26] is shown, then cuts: cancel and what was heard go to the backend', async () => {
    const { harness, session, lineId } = await answered(4000);
    await harness.hear(silence(1000));
    await harness.hear(speech(700));
    const from = harness.story.lastIndexOf('speech.started');
    expect(harness.story.slice(from)).toEqual([
      'speech.started',
      'speech.interrupted',
      'agent.cut',
      'line.closed',
    ]);
    expect(harness.last('speech.started').audioStartMs).toBeLessThan(2650);
    expect(harness.last('speech.interrupted')).toMatchObject({ by: 'speech' });
    expect(harness.last('agent.cut')).toMatchObject({ epoch: 1, by: 'caller' });
    const { end, extent } = harness.last('line.closed');
    expect(end).toEqual({ status: 'cancelled', reason: 'turn_detected' });
    const cutAtMs = harness.last('agent.cut').atMs - harness.last('line.first_packet').atMs;
    // It was held on the way: what was sent until then was heard, and nothing since.
    expect(extent.heardMs).toBe(extent.sentMs);
    expect(extent.sentMs).toBeLessThanOrEqual(cutAtMs + 200.1);
    expect(extent.heardText).toBe('aaaa bbbb');
    expect(session.next('cancel').lineId).toBe(lineId);
    expect(session.next('truncate')).toEqual({
      type: 'truncate',
      lineId,
      heardMs: extent.heardMs,
      heardText: 'aaaa bbbb',
    });
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });

  it('lets nothing of the old epoch out afterwards, and says once that it came', async () => {
    const { harness, session, lineId } = await answered(4000);
    await harness.hear(silence(1000));
    await harness.hear(speech(700));
    const sentMs = harness.view.sentMs();
    for (let late = 0; late < 5; late += 1) {
      session.emit(audio(lineId, answer(500)), text(lineId, 'late'));
      await harness.pass(100);
    }
    session.emit(done(lineId));
    await harness.pass(5000);
    expect(harness.view.sentMs()).toBe(sentMs);
    expect(harness.entries('stale.dropped').map(({ what }) => what)).toEqual(['audio', 'text']);
    expect(harness.entries('line.closed')).toHaveLength(1);
    await harness.end();
  });

  it('is followed by an answer of the new epoch', async () => {
    const { harness, session } = await answered(4000);
    await harness.hear(speech(700));
    await harness.hear(silence(600));
    session.next('cancel');
    session.next('truncate');
    session.next('commit');
    const { lineId } = session.next('respond');
    expect(harness.last('line.opened').line).toMatchObject({ lineId, epoch: 1 });
    session.emit(audio(lineId, answer(100)), done(lineId));
    await harness.pass(500);
    expect(harness.view.bytes(lineId)).toEqual(Buffer.from(answer(100)));
    await harness.end();
  });

  it('also cuts an answer that is over for the backend and still playing', async () => {
    const harness = await CallHarness.open({ agent: { playoutLeadMs: 2000 }, manner: noEcho });
    const { session } = harness;
    harness.ok(ask);
    const { lineId } = session.next('respond');
    session.emit(audio(lineId, answer(1000)), done(lineId));
    await settle();
    await harness.hear(speech(300));
    expect(harness.last('line.closed').end.status).toBe('completed');
    expect(harness.last('speech.interrupted').by).toBe('continuation');
    expect(harness.last('agent.cut').by).toBe('caller');
    expect(session.next('truncate').heardMs).toBeLessThan(300);
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });

  it('does not cut when the client judges by itself', async () => {
    const { harness, session } = await answered(4000, { interruptResponse: false });
    await harness.hear(speech(400));
    expect(harness.story.at(-1)).toBe('speech.started');
    expect(session.leftovers).toEqual([]);
    await harness.end();
  });

  it('tells the backend what was heard of every line whose end was still to play', async () => {
    const harness = await CallHarness.open({ agent: { playoutLeadMs: 2000 }, manner: noEcho });
    const { session } = harness;
    for (const lineId of ['line_1', 'line_2']) {
      harness.ok(ask);
      session.next('respond');
      session.emit(audio(lineId, answer(500)), done(lineId));
      await settle();
    }
    await harness.hear(speech(300));
    const told = [session.next('truncate'), session.next('truncate')];
    expect(told.map(({ lineId }) => lineId)).toEqual(['line_1', 'line_2']);
    expect(told[0]!.heardMs).toBeGreaterThan(30);
    expect(told[0]!.heardMs).toBeLessThan(300);
    expect(told[1]!.heardMs).toBe(0);
    await harness.pass(5000);
    const heard = harness.call.seed().items.map((item) => item.kind === 'message' && item.content);
    expect(heard[0]).toMatchObject([{ durationMs: told[0]!.heardMs }]);
    expect(heard[1]).toMatchObject([{ durationMs: 0 }]);
    await harness.end();
  });
});

describe('an answer that is owed', () => {
  async function owed() {
    const { harness, session, lineId } = await answered(3000, { interruptResponse: false });
    await harness.hear(speech(500));
    await harness.hear(silence(600));
    session.next('commit');
    expect(session.leftovers).toEqual([]);
    return { harness, session, lineId };
  }

  it('starts when the agent has been heard out', async () => {
    const { harness, session, lineId } = await owed();
    session.emit(done(lineId));
    await harness.pass(4000);
    expect(session.next('respond').lineId).toBe('line_2');
    await harness.end();
  });

  it('starts after the client has cancelled, and after what was heard is told', async () => {
    const { harness, session } = await owed();
    harness.ok({ type: 'cancel', lineId: null });
    expect(session.takeAll().map(({ type }) => type)).toEqual(['cancel', 'truncate', 'respond']);
    await harness.end();
  });

  it('never starts when the call ends', async () => {
    const harness = await CallHarness.open({ detection: { interruptResponse: false } });
    for (let turn = 0; turn < 2; turn += 1) {
      await harness.hear(speech(500));
      await harness.hear(silence(600));
    }
    await harness.end();
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.entries('line.closed')).toHaveLength(1);
    expect(harness.story.at(-1)).toBe('call.closed');
    expect(harness.clock.pending).toBe(0);
  });

  it('never starts when the backend is lost', async () => {
    const { harness, session } = await owed();
    session.hangUp();
    await settle();
    expect(harness.entries('line.opened')).toHaveLength(1);
    expect(harness.last('line.closed').end.status).toBe('failed');
    expect(harness.clock.pending).toBe(0);
  });
});

describe('a manual turn', () => {
  async function manual() {
    const harness = await CallHarness.open();
    harness.ok({ type: 'configure', patch: { turnDetection: null } });
    harness.session.next('configure');
    return harness;
  }

  it('takes all uncommitted audio and is answered when the client asks', async () => {
    const harness = await manual();
    await harness.hear(speech(700));
    await harness.hear(silence(900));
    expect(harness.session.leftovers).toEqual([]);
    harness.ok({ type: 'commit' });
    harness.ok(ask);
    expect(harness.session.next('commit')).toMatchObject({ fromSample: 0, toSample: 38_400 });
    expect(harness.session.next('respond').lineId).toBe('line_1');
    expect(harness.last('turn.committed').cause).toBe('manual');
    await harness.hear(speech(100));
    harness.ok({ type: 'commit' });
    expect(harness.session.next('commit')).toMatchObject({ fromSample: 38_400, toSample: 40_800 });
    await harness.end();
  });

  it('needs 100 ms of audio', async () => {
    const harness = await manual();
    await harness.hear(speech(99));
    expect(harness.refused({ type: 'commit' })).toBe('input_audio_buffer_commit_empty');
    await harness.hear(speech(1));
    harness.ok({ type: 'commit' });
    expect(harness.refused({ type: 'commit' })).toBe('input_audio_buffer_commit_empty');
    await harness.end();
  });

  it('loses what was cleared', async () => {
    const harness = await manual();
    await harness.hear(speech(500));
    harness.ok({ type: 'clear' });
    expect(harness.last('input.cleared')).toBeDefined();
    harness.session.next('clear');
    await harness.hear(speech(200));
    harness.ok({ type: 'commit' });
    expect(harness.session.next('commit')).toMatchObject({ fromSample: 12_000, toSample: 16_800 });
    await harness.end();
  });

  it('may be committed in the middle of detected speech', async () => {
    const harness = await CallHarness.open();
    await harness.hear(speech(500));
    const { itemId } = harness.last('speech.started');
    harness.ok({ type: 'commit' });
    expect(harness.last('turn.committed')).toMatchObject({ itemId, cause: 'manual' });
    await harness.hear(silence(1000));
    expect(harness.entries('speech.stopped')).toEqual([]);
    expect(harness.entries('turn.committed')).toHaveLength(1);
    await harness.end();
  });

  it('is never taken again by an idle prompt, however far the detector lags', async () => {
    const harness = await CallHarness.open({ detection: { idleTimeoutMs: 5000 } });
    await harness.hear(speech(150));
    harness.ok({ type: 'commit' });
    harness.ok(ask);
    const { session } = harness;
    session.emit(audio('line_1', answer(100)), done('line_1'));
    await harness.pass(6000);
    await harness.hear(speech(110));
    harness.ok({ type: 'commit' });
    const ranges = harness
      .entries('turn.committed')
      .map(({ cause, fromSample, toSample }) => ({ cause, fromSample, toSample }));
    expect(ranges).toEqual([
      { cause: 'manual', fromSample: 0, toSample: 3600 },
      { cause: 'idle', fromSample: 3600, toSample: 3600 },
      { cause: 'manual', fromSample: 3600, toSample: 6240 },
    ]);
    await harness.end();
  });
});

describe('a backend that decides about turns', () => {
  const capabilities = { ...turnCapabilities, authorities: ['backend'] } as const;
  const heard = (speaking: boolean, atSample: number): BackendEvent => ({
    type: 'caller.speech',
    speaking,
    atSample,
  });

  it('[T13] has its turns shown, never committed back to it, and what is unplayed cut', async () => {
    const harness = await CallHarness.open({ backends: [new ScriptedBackend({ capabilities })] });
    const { session } = harness;
    await harness.hear(speech(1000));
    harness.ok(ask);
    const { lineId } = session.next('respond');
    session.emit(audio(lineId, answer(1000)));
    await harness.pass(300);
    session.emit(heard(true, 2400), heard(false, 19_200));
    await settle();
    expect(harness.story.slice(-6)).toEqual([
      'speech.started',
      'line.first_heard',
      'agent.cut',
      'line.closed',
      'speech.stopped',
      'turn.committed',
    ]);
    expect(harness.last('turn.committed')).toMatchObject({ cause: 'backend', toSample: 19_200 });
    expect(session.takeAll().map(({ type }) => type)).toEqual(['truncate']);
    await harness.end();
  });

  it('cannot take a stretch twice, whatever positions it tells', async () => {
    const harness = await CallHarness.open({ backends: [new ScriptedBackend({ capabilities })] });
    await harness.hear(speech(1000));
    harness.session.emit(heard(true, 2400), heard(false, 12_000));
    harness.session.emit(heard(true, 0), heard(false, 4800));
    harness.session.emit(heard(true, 9600), heard(false, 1e9));
    await settle();
    const ranges = harness.entries('turn.committed');
    expect(ranges.map(({ fromSample, toSample }) => [fromSample, toSample])).toEqual([
      [2400, 12_000],
      [12_000, 12_000],
      [12_000, 24_000],
    ]);
    await harness.end();
  });
});

describe('detection', () => {
  it('that fails is a fault; the call goes on with manual turns', async () => {
    const detector = new EnergyDetector();
    const harness = await CallHarness.open({ detector });
    detector.fail(new Error('the worker is gone'));
    expect(harness.last('fault')).toMatchObject({
      code: 'detector_failed',
      message: 'the worker is gone',
    });
    await harness.hear(speech(1000));
    await harness.hear(silence(1000));
    expect(harness.entries('speech.started')).toEqual([]);
    harness.ok({ type: 'commit' });
    expect(harness.last('turn.committed').cause).toBe('manual');
    await harness.end();
  });

  it('ends the turn of a caller whose audio stops coming', async () => {
    const harness = await CallHarness.open();
    await harness.hear(speech(500));
    await harness.pass(1000);
    expect(harness.story.slice(-3)).toEqual(['speech.stopped', 'turn.committed', 'line.opened']);
    await harness.end();
  });

  it('prompts when nobody says anything after the agent', async () => {
    const { harness, session, lineId } = await answered(100, { idleTimeoutMs: 6000 });
    session.emit(done(lineId));
    await harness.pass(6500);
    expect(harness.last('turn.committed').cause).toBe('idle');
    expect(harness.last('turn.idle').itemId).toBe(harness.last('turn.committed').itemId);
    expect(harness.last('line.opened').line.cause).toBe('idle');
    await harness.end();
  });
});
