import { beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  settle,
  type HarnessOptions,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { frameCapabilities, ScriptedBackend } from '../../support/scripted-backend.ts';
import { KeptBackend } from '../../../src/server/kept-backend.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { pcm24k, pcmu8k } from '../../../src/audio/format.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { turnCapabilities } from '../../support/scripted-backend.ts';
import type { BackendCapabilities, BackendContext } from '../../../src/ports/backend.ts';
import type { ConnectionLimits } from '../../../src/server/config-connections.ts';
import type { HandoverManner } from '../../../src/ports/agent.ts';

beforeAll(prepareResampler);

const able: BackendCapabilities = { ...turnCapabilities, standby: true };

interface Options {
  readonly handover?: HandoverManner;
  readonly second?: Partial<BackendCapabilities>;
  readonly opening?: 'at_once' | 'held' | CallError;
  readonly limits?: Partial<ConnectionLimits>;
  readonly harness?: HarnessOptions;
}

interface More {
  /** What differs in the first backend. */
  readonly first?: Partial<BackendCapabilities>;
}

async function twoBackends(options: Options & More = {}) {
  const { handover = {}, second = {}, opening = 'at_once', limits = {}, harness: more } = options;
  const clock = new ManualClock(5000);
  const backends = [
    new ScriptedBackend({ name: 'first', capabilities: { ...able, ...options.first } }),
    new ScriptedBackend({ name: 'second', capabilities: { ...able, ...second }, opening }),
  ] as const;
  const connections = { perSecond: 50, waiting: 10, standbys: 4, probeEveryMs: null, ...limits };
  const kept = backends.map((port) => {
    const entry = { name: port.name, type: 'scripted', options: {}, connections };
    return new KeptBackend({ entry, port, generation: 1, clock, log: silentLogger });
  });
  // Twenty answers after half a second each: that is what is usual.
  for (let call = 0; call < 20; call++) kept[0]!.firstAudio(500);
  const health = (name: string) => kept.find((backend) => backend.name === name) ?? null;
  const open = () => CallHarness.open({ clock, backends, health, agent: { handover }, ...more });
  const harness = await open();
  const lose = async (): Promise<void> => {
    backends[0].session.emit({ type: 'failed', error: new CallError('backend_closed', 'gone') });
    await settle();
  };
  const figures = () => kept[1]!.figures();
  return { harness, backends, kept, lose, figures, open, clock };
}

const standbys = ({ contexts }: ScriptedBackend): readonly BackendContext[] =>
  contexts.filter(({ ahead }) => ahead === true);

/** Lets an answer be later than usual. */
async function lateAnswer(harness: CallHarness): Promise<string> {
  harness.ok(ask);
  await harness.pass(501);
  return harness.last('line.opened').line.lineId;
}

describe('a session that stands by', () => {
  it('is opened when an answer is later than usual, and is told nothing', async () => {
    const { harness, backends, figures } = await twoBackends();
    harness.ok(ask);
    await harness.pass(499);
    expect(standbys(backends[1])).toEqual([]);
    await harness.pass(2);
    expect(standbys(backends[1])).toHaveLength(1);
    expect(backends[1].contexts[0]).toMatchObject({ seed: null, authority: 'gateway' });
    expect(backends[1].contexts[0]?.settings.instructions).toBe('Be brief.');
    expect(backends[1].session.leftovers).toEqual([]);
    expect(backends[1].session.audio).toEqual([]);
    expect(harness.last('standby.opened')).toMatchObject({
      backend: 'second',
      cause: 'first_audio',
    });
    expect(figures()).toMatchObject({ standbys: 1, standbysOpened: 1, openingsTaken: 1 });
    await harness.end();
    expect(figures()).toMatchObject({ standbys: 0 });
  });

  it('is not opened for an answer in time, nor for one that calls a tool', async () => {
    const { harness, backends } = await twoBackends();
    harness.ok(ask);
    await harness.pass(400);
    const { lineId } = harness.last('line.opened').line;
    backends[0].session.emit(audio(lineId, answer(100)), done(lineId));
    await harness.pass(3000);
    expect(standbys(backends[1])).toEqual([]);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('is taken over by a handover, with the history, and nobody else is opened', async () => {
    const { harness, backends, lose, figures } = await twoBackends();
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
    const lineId = await lateAnswer(harness);
    await lose();
    expect(backends[1].contexts).toHaveLength(1);
    expect(backends[1].session.seeded).toMatchObject([[{ itemId: 'hi', role: 'user' }]]);
    expect(backends[1].session.takeAll()).toMatchObject([
      { type: 'configure' },
      { type: 'respond', lineId },
      { type: 'configure' },
    ]);
    expect(harness.last('standby.closed')).toMatchObject({ outcome: 'adopted' });
    expect(harness.last('backend.ready')).toMatchObject({ backend: 'second', openMs: 0 });
    backends[1].session.emit(audio(lineId, answer(200)), done(lineId));
    await harness.pass(600);
    expect(harness.last('line.closed')).toMatchObject({ lineId, end: { status: 'completed' } });
    expect(harness.last('handover.done')).toMatchObject({ oursMs: 0 });
    expect(figures()).toMatchObject({ standbys: 0, standbysAdopted: 1 });
    await harness.end();
    expect(backends[1].session.closed).toBe(true);
  });

  it('hears its own events from before, in order', async () => {
    const { harness, backends, lose } = await twoBackends();
    await lateAnswer(harness);
    backends[1].session.emit({ type: 'dropped', what: 'input', samples: 480 });
    await settle();
    expect(harness.entries('audio.dropped')).toEqual([]);
    await lose();
    expect(harness.last('audio.dropped')).toMatchObject({ samples: 480 });
    await harness.end();
  });

  it('is let go when nothing has spoken for it in a minute', async () => {
    const { harness, backends, figures } = await twoBackends();
    const lineId = await lateAnswer(harness);
    backends[0].session.emit(audio(lineId, answer(100)), done(lineId));
    await harness.pass(59_000);
    expect(figures()).toMatchObject({ standbys: 1 });
    await harness.pass(1500);
    expect(figures()).toMatchObject({ standbys: 0 });
    expect(backends[1].session.closed).toBe(true);
    const { ageMs } = harness.last('standby.closed');
    expect(harness.last('standby.closed')).toMatchObject({ outcome: 'idle' });
    expect(ageMs).toBeGreaterThan(59_000);
    await harness.end();
    const counted = harness.entries('usage.counted').filter(({ backend }) => backend === 'second');
    expect(counted).toMatchObject([{ source: 'counted', used: { connectedMs: ageMs } }]);
    expect(harness.clock.pending).toBe(0);
  });

  it.each(['open', 'opening'] as const)('that is %s never outlives its call', async (how) => {
    const opening = how === 'open' ? 'at_once' : 'held';
    const { harness, backends, figures } = await twoBackends({ opening });
    await lateAnswer(harness);
    await harness.end();
    backends[1].release();
    await settle();
    expect(backends[1].session.closed).toBe(true);
    expect(figures()).toMatchObject({ standbys: 0 });
    expect(harness.clock.pending).toBe(0);
  });

  it('that is lost is not gone over to, and is tried again half a minute later', async () => {
    const { harness, backends, lose } = await twoBackends();
    const lineId = await lateAnswer(harness);
    backends[1].session.hangUp();
    await settle();
    expect(harness.last('standby.closed')).toMatchObject({ outcome: 'lost' });
    backends[0].session.emit(audio(lineId, answer(100)), done(lineId));
    await harness.pass(1000);
    await lateAnswer(harness);
    expect(standbys(backends[1])).toHaveLength(1);
    await lose();
    expect(harness.call.backend).toBe('second');
    expect(backends[1].contexts).toHaveLength(2);
    await harness.end();
  });

  it('that refuses costs nothing but the try', async () => {
    const { harness, backends, kept, figures } = await twoBackends({
      opening: new CallError('backend_refused', 'no'),
    });
    await lateAnswer(harness);
    expect(backends[1].contexts).toHaveLength(1);
    expect(harness.closes).toEqual([]);
    expect(harness.entries('backend.failed')).toEqual([]);
    expect(harness.entries('standby.opened')).toEqual([]);
    expect(figures()).toMatchObject({ standbys: 0 });
    expect(kept[1]?.trusted).toBe(true);
    await harness.end();
  });

  it('keeps to the budget and to the bound of openings', async () => {
    const { harness, backends, figures, open } = await twoBackends({ limits: { standbys: 1 } });
    const other = await open();
    await lateAnswer(harness);
    await lateAnswer(other);
    expect(standbys(backends[1])).toHaveLength(1);
    expect(figures()).toMatchObject({ standbys: 1, standbysRefused: 1 });
    await harness.end();
    await other.end();
    const slow = await twoBackends({ limits: { perSecond: 1 } });
    slow.kept[1]!.openings.tryTake();
    await lateAnswer(slow.harness);
    expect(slow.backends[1].contexts).toEqual([]);
    expect(slow.figures()).toMatchObject({ standbys: 0, openingsRefused: 1 });
    await slow.harness.end();
  });

  it.each([
    ['cannot be told later', { standby: false }],
    ['has no turns', { ...frameCapabilities, standby: true, seedHistory: 'text' }],
  ] as const)('is not opened with a backend that %s', async (_, second) => {
    const { harness, backends } = await twoBackends({ second, handover: { standby: 'always' } });
    await lateAnswer(harness);
    expect(backends[1].contexts).toEqual([]);
    await harness.end();
  });

  it('is not opened where the agent wants none', async () => {
    const { harness, backends } = await twoBackends({ handover: { standby: 'never' } });
    await lateAnswer(harness);
    expect(backends[1].contexts).toEqual([]);
    await harness.end();
  });

  it('stands by from the beginning where the agent wants that, and after each handover', async () => {
    const { harness, backends, lose } = await twoBackends({ handover: { standby: 'always' } });
    await settle();
    expect(standbys(backends[1])).toHaveLength(1);
    await harness.pass(200_000);
    expect(backends[1].session.closed).toBe(false);
    await lose();
    expect(backends[1].contexts).toHaveLength(1);
    await settle();
    expect(standbys(backends[0])).toHaveLength(1);
    expect(backends[0].session.closed).toBe(false);
    await harness.end();
    expect(backends[0].session.closed).toBe(true);
    expect(harness.clock.pending).toBe(0);
  });

  it('is opened when the breaker of the one in use is half way', async () => {
    const { harness, backends, kept } = await twoBackends();
    for (let call = 0; call < 3; call++) kept[0]!.seen('lost');
    expect(kept[0]?.warned).toBe(true);
    harness.ok(ask);
    await harness.pass(10);
    expect(harness.last('standby.opened')).toMatchObject({ cause: 'breaker' });
    expect(standbys(backends[1])).toHaveLength(1);
    await harness.end();
  });

  it('is opened before the session of the one in use comes to its end', async () => {
    const { harness, backends } = await twoBackends({ first: { sessionCapMs: 600_000 } });
    await harness.pass(509_000);
    expect(standbys(backends[1])).toEqual([]);
    await harness.pass(2000);
    expect(harness.last('standby.opened')).toMatchObject({ cause: 'session_cap' });
    await harness.end();
  });

  it('is given up where it could not be spoken to any more, and another one opened', async () => {
    const { harness, backends, lose } = await twoBackends({
      second: { outputFormats: [pcm24k, pcmu8k] },
    });
    await lateAnswer(harness);
    harness.ok({ type: 'cancel', lineId: null });
    harness.ok({ type: 'configure', patch: { outputFormat: pcmu8k } });
    await harness.pass(100);
    await lose();
    expect(harness.last('standby.closed')).toMatchObject({ outcome: 'stale' });
    expect(backends[1].sessions[0]?.closed).toBe(true);
    expect(backends[1].contexts[1]).toMatchObject({ outputFormat: pcmu8k });
    expect(backends[1].contexts[1]).not.toHaveProperty('ahead');
    await harness.end();
  });

  it('knows the settings as they are when it is needed', async () => {
    const { harness, backends, lose } = await twoBackends();
    await lateAnswer(harness);
    harness.ok({ type: 'configure', patch: { instructions: 'Be loud.' } });
    await lose();
    const [configured, asked] = backends[1].session.takeAll();
    expect(configured).toMatchObject({
      type: 'configure',
      settings: { instructions: 'Be loud.' },
    });
    expect(asked?.type).toBe('respond');
    await harness.end();
  });

  it('is opened when the upstream says that it will leave', async () => {
    const { harness, backends } = await twoBackends();
    backends[0].session.emit({ type: 'leaving' });
    await settle();
    expect(standbys(backends[1])).toHaveLength(1);
    expect(harness.last('standby.opened')).toMatchObject({ cause: 'leaving' });
    await harness.end();
  });
});
