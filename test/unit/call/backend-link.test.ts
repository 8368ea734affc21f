import { describe, expect, it } from 'vitest';
import { BackendLink } from '../../../src/call/backend-link.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { ChunkTimeline } from '../../../src/audio/chunk.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { initialSettings } from '../../../src/call/settings.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { plainAgent, settle, silence } from '../../support/call-harness.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { BackendCommand, BackendContext, BackendPort } from '../../../src/ports/backend.ts';

const clear = { type: 'clear' } as const;
const cancel = (lineId: string) => ({ type: 'cancel', lineId }) as const;

function setUp(backends: readonly BackendPort[], successors: readonly BackendPort[] = []) {
  const clock = new ManualClock();
  const told: string[] = [];
  let droppedSamples = 0;
  const timeline = new ChunkTimeline(pcm24k);
  const context = ({ capabilities }: BackendPort): BackendContext => ({
    callId: 'call_1',
    agent: 'desk',
    authority: 'gateway',
    settings: initialSettings(plainAgent, { capabilities, authority: 'gateway' }),
    inputFormat: pcm24k,
    outputFormat: pcm24k,
    seed: null,
    clock,
    ids: countingIds(),
    log: silentLogger,
  });
  const link = new BackendLink({
    backends,
    successors: () => successors,
    clock,
    context,
    onServing: () => undefined,
    lossIn: () => null,
    onHandover: ({ name }, { code }) => told.push(`handing over from ${name} ${code}`),
    first: (_port, waiting) => waiting,
    caughtUp: (missed) => missed,
    adapt: (command) => command,
    onOpening: ({ name }) => told.push(`opening ${name}`),
    onReady: ({ name }, openMs) => told.push(`ready ${name} after ${openMs}`),
    onEvent: (event) => told.push(event.type),
    onFailed: ({ name }, { code }, last) =>
      told.push(`failed ${name} ${code}${last ? ' for good' : ''}`),
    onDropped: (samples) => {
      droppedSamples += samples;
    },
  });
  const audio = (): BackendCommand => ({
    type: 'audio',
    chunk: timeline.append(silence(20), clock.nowMs()),
  });
  return { clock, told, link, audio, dropped: () => droppedSamples };
}

describe('opening', () => {
  it('keeps commands in order until the backend is there', async () => {
    const backend = new ScriptedBackend({ opening: 'held' });
    const { clock, told, link, audio } = setUp([backend]);
    link.start();
    link.send(audio());
    link.send(cancel('a'));
    link.send(audio());
    link.send(clear);
    await settle();
    expect(backend.session.audio).toEqual([]);
    clock.advance(300);
    backend.release();
    await settle();
    expect(told).toEqual(['opening scripted', 'ready scripted after 300']);
    expect(backend.session.takeAll()).toEqual([cancel('a'), clear]);
    expect(backend.session.audio.map(({ startSample }) => startSample)).toEqual([0, 480]);
    link.send(cancel('b'));
    expect(backend.session.next('cancel').lineId).toBe('b');
    expect(clock.pending).toBe(0);
  });

  it('tries the next backend when one refuses, and gives it what waited', async () => {
    const refusing = new ScriptedBackend({
      name: 'first',
      opening: new CallError('backend_refused', 'no'),
    });
    const second = new ScriptedBackend({ name: 'second' });
    const { told, link } = setUp([refusing, second]);
    link.start();
    link.send(clear);
    await settle();
    expect(told).toEqual([
      'opening first',
      'failed first backend_refused',
      'opening second',
      'ready second after 0',
    ]);
    expect(second.session.leftovers).toEqual([clear]);
  });

  it('begins once more while it is under way, without losing what waits', async () => {
    const backend = new ScriptedBackend({ opening: 'held' });
    const { clock, told, link, audio } = setUp([backend]);
    link.start();
    link.send(audio());
    link.send(clear);
    expect(link.reopen()).toBe(true);
    await settle();
    expect(backend.sessions).toHaveLength(2);
    backend.release();
    await settle();
    expect(told).toEqual(['opening scripted', 'opening scripted', 'ready scripted after 0']);
    expect(backend.sessions[0]?.closed).toBe(true);
    expect(backend.session.leftovers).toEqual([clear]);
    expect(backend.session.audio).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('begins once more for a session that got nothing but settings', async () => {
    const backend = new ScriptedBackend();
    const { told, link } = setUp([backend]);
    const settings = initialSettings(plainAgent, {
      capabilities: backend.capabilities,
      authority: 'gateway',
    });
    link.start();
    await settle();
    link.send({ type: 'configure', settings });
    expect(link.reopen()).toBe(true);
    expect(link.open).toBe(false);
    link.send(clear);
    expect(backend.sessions[0]?.closed).toBe(true);
    await settle();
    expect(told.filter((what) => what.startsWith('ready'))).toHaveLength(2);
    expect(backend.session.leftovers).toEqual([clear]);
    backend.session.hangUp();
    await settle();
    expect(told.at(-1)).toBe('failed scripted backend_closed for good');
  });

  it('never begins once more for a session in use, nor before or after the call', async () => {
    const backend = new ScriptedBackend();
    const { link } = setUp([backend]);
    expect(link.reopen()).toBe(false);
    link.start();
    await settle();
    link.send(clear);
    expect(link.reopen()).toBe(false);
    link.close();
    expect(link.reopen()).toBe(false);
    const talking = new ScriptedBackend();
    const { link: other } = setUp([talking]);
    other.start();
    await settle();
    talking.session.emit({ type: 'line.started', lineId: 'a' });
    await settle();
    expect(other.reopen()).toBe(false);
    expect(talking.sessions).toHaveLength(1);
    expect(talking.session.closed).toBe(false);
  });

  it('goes on to the next backend where it fails the second time', async () => {
    const first = new ScriptedBackend({ name: 'first' });
    const second = new ScriptedBackend({ name: 'second' });
    const { told, link } = setUp([first, second]);
    link.start();
    await settle();
    first.open = () => Promise.reject(new CallError('backend_refused', 'no'));
    expect(link.reopen()).toBe(true);
    link.send(clear);
    await settle();
    expect(told.slice(2)).toEqual([
      'opening first',
      'failed first backend_refused',
      'opening second',
      'ready second after 0',
    ]);
    expect(second.session.leftovers).toEqual([clear]);
  });

  it('says so when no backend is left', async () => {
    const refusing = new ScriptedBackend({ opening: new CallError('model_unavailable', 'no') });
    const { told, link } = setUp([refusing]);
    link.start();
    await settle();
    expect(told).toEqual(['opening scripted', 'failed scripted model_unavailable for good']);
  });

  it('counts a backend that throws anything else as one that refuses', async () => {
    const throwing: BackendPort = new ScriptedBackend({ name: 'thrower' });
    throwing.open = () => {
      throw new TypeError('a bug');
    };
    const { told, link } = setUp([throwing]);
    link.start();
    await settle();
    expect(told.at(-1)).toBe('failed thrower backend_refused for good');
  });

  it('gives a backend 10 s, and lets go of one that opens later', async () => {
    const slow = new ScriptedBackend({ name: 'slow', opening: 'held' });
    const second = new ScriptedBackend({ name: 'second' });
    const { clock, told, link } = setUp([slow, second]);
    link.start();
    clock.advance(9999);
    await settle();
    expect(told).toEqual(['opening slow']);
    clock.advance(1);
    await settle();
    expect(told.slice(1)).toEqual([
      'failed slow backend_stalled',
      'opening second',
      'ready second after 0',
    ]);
    slow.release();
    await settle();
    expect(slow.session.closed).toBe(true);
    expect(second.session.closed).toBe(false);
  });

  it('drops the oldest audio when too much waits, and counts it', async () => {
    const backend = new ScriptedBackend({ opening: 'held' });
    const { link, audio, dropped } = setUp([backend]);
    link.start();
    link.send(clear);
    for (let count = 0; count < 2002; count += 1) link.send(audio());
    backend.release();
    await settle();
    expect(dropped()).toBe(3 * 480);
    expect(backend.session.audio[0]?.startSample).toBe(3 * 480);
    expect(backend.session.audio).toHaveLength(1999);
    expect(backend.session.leftovers).toEqual([clear]);
  });

  it('gives up, without a timer left, when too many commands wait', async () => {
    const backend = new ScriptedBackend({ opening: 'held' });
    const { clock, told, link } = setUp([backend]);
    link.start();
    for (let count = 0; count <= 2000; count += 1) link.send(clear);
    await settle();
    expect(told).toEqual(['opening scripted', 'failed scripted queue_overflow for good']);
    expect(clock.pending).toBe(0);
    backend.release();
    await settle();
    expect(backend.session.closed).toBe(true);
  });

  it('is given up when the call closes meanwhile', async () => {
    const backend = new ScriptedBackend({ opening: 'held' });
    const { clock, told, link } = setUp([backend, new ScriptedBackend({ name: 'second' })]);
    link.start();
    link.close();
    link.close();
    await settle();
    backend.release();
    await settle();
    expect(told).toEqual(['opening scripted']);
    expect(backend.session.closed).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('an open backend', () => {
  async function opened() {
    const backend = new ScriptedBackend();
    const parts = setUp([backend, new ScriptedBackend({ name: 'second' })]);
    parts.link.start();
    await settle();
    parts.told.length = 0;
    return { ...parts, session: backend.session };
  }

  it('has its events passed on in order', async () => {
    const { told, session } = await opened();
    session.emit({ type: 'line.started', lineId: 'a' });
    session.emit({ type: 'dropped', what: 'input', samples: 5 });
    await settle();
    expect(told).toEqual(['line.started', 'dropped']);
  });

  it('that fails is lost for good where nobody may take over', async () => {
    const { told, session } = await opened();
    session.emit(
      { type: 'failed', error: new CallError('backend_overloaded', 'busy') },
      { type: 'line.started', lineId: 'late' },
    );
    await settle();
    expect(told).toEqual(['failed scripted backend_overloaded for good']);
    expect(session.closed).toBe(true);
  });

  it('that hangs up has closed', async () => {
    const { told, session } = await opened();
    session.hangUp();
    await settle();
    expect(told).toEqual(['failed scripted backend_closed for good']);
  });

  it('whose events break has broken the protocol', async () => {
    const { told, session } = await opened();
    session.breakDown(new Error('torn'));
    await settle();
    expect(told).toEqual(['failed scripted backend_protocol for good']);
  });

  it('that does not take audio loses it, counted', async () => {
    const { told, session, link, audio, dropped } = await opened();
    session.accepts = 'overflow';
    link.send(audio());
    expect(dropped()).toBe(480);
    expect(told).toEqual([]);
  });

  it('that does not take commands is lost', async () => {
    const { told, session, link } = await opened();
    session.accepts = 'overflow';
    link.send(clear);
    await settle();
    expect(told).toEqual(['failed scripted queue_overflow for good']);
  });

  it('is closed with the link, and says nothing afterwards', async () => {
    const { told, session, link } = await opened();
    session.emit({ type: 'line.started', lineId: 'a' });
    link.close();
    link.send(clear);
    await settle();
    expect(told).toEqual([]);
    expect(session.closed).toBe(true);
    expect(session.leftovers).toEqual([]);
  });
});
