import { describe, expect, it } from 'vitest';
import { backendSchemas } from '../../../src/composition/backend-types.ts';
import { Backends } from '../../../src/server/backend-set.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { readConfig } from '../../../src/server/config.ts';
import { takeable } from '../../../src/server/in-force.ts';

function read(text: string): ReturnType<typeof readConfig> {
  return readConfig(text, { env: {}, readFile: () => '', backendSchemas });
}

function sound(text: string) {
  const result = read(text);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

const backends = 'backends: { a: { type: rehearsal }, b: { type: rehearsal } }\n';

describe('connections in the configuration', () => {
  it('are those of every backend, but for what is said of single ones', () => {
    const { backends: entries } = sound(
      `${backends}connections: { perSecond: 20, probeEveryMs: null, backends: { b: { perSecond: 5, standbys: 0 } } }`,
    );
    const shown = entries.map(({ name, connections }) => [name, connections]);
    expect(shown.slice(0, 2)).toMatchObject([
      ['a', { perSecond: 20, waiting: 1000, standbys: 16, probeEveryMs: null }],
      ['b', { perSecond: 5, waiting: 1000, standbys: 0, probeEveryMs: null }],
    ]);
    expect(entries.every(({ connections }) => connections?.standbys !== undefined)).toBe(true);
  });

  it('are as by default where nothing is said', () => {
    for (const entry of sound(backends).backends) expect(entry).not.toHaveProperty('connections');
  });

  it('are those of the newest configuration, also for a backend that stays as it is', async () => {
    const backends = new Backends({
      create: ({ name }) => new ScriptedBackend({ name }),
      clock: new ManualClock(),
      log: silentLogger,
    });
    const entry = { name: 'a', type: 'scripted', options: {} };
    const before = backends.take([entry], 1);
    const connections = { perSecond: 1, waiting: 0, standbys: 0, probeEveryMs: null };
    const after = backends.take([{ ...entry, connections }], 2);
    const [kept] = after.all;
    expect(kept).toBe(before.all[0]);
    expect(kept?.warm.hold()).toBeNull();
    expect([kept?.openings.tryTake(), kept?.openings.tryTake()]).toEqual([true, false]);
    await backends.closeAll();
  });

  it('a call tells what it has seen of a session that stood by', async () => {
    const backends = new Backends({
      create: ({ name }) => new ScriptedBackend({ name }),
      clock: new ManualClock(),
      log: silentLogger,
    });
    const set = backends.take([{ name: 'a', type: 'scripted', options: {} }], 1);
    const lease = set.lease(['a']);
    const closed = { type: 'standby.closed', backend: 'a', ageMs: 5, seq: 0, atMs: 0 } as const;
    for (let times = 0; times < 3; times++) lease.entry({ ...closed, outcome: 'idle' });
    expect(set.find('a')?.trusted).toBe(true);
    for (let times = 0; times < 3; times++) lease.entry({ ...closed, outcome: 'refused' });
    expect(set.find('a')?.trusted).toBe(false);
    await backends.closeAll();
  });

  it('change without a restart', () => {
    const [before, after] = [
      sound(backends),
      sound(`${backends}connections: { perSecond: 1 }`),
    ] as const;
    expect(takeable(after, before).restart).toEqual([]);
  });

  it.each([
    ['connections: { perSecond: 0 }', 2],
    ['connections: { persecond: 1 }', 2],
    ['connections: { backends: { c: { perSecond: 1 } } }', 2],
    ['connections: { backends: { a: { perSecond: none } } }', 2],
    ['agents: { x: { backends: [a], handover: { standby: sometimes } } }', 2],
    ['agents: { x: { backends: [a], handover: { hedge: 2 } } }', 2],
  ])('is refused where it stands: %s', (text, line) => {
    const result = read(`${backends}${text}`);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.problems).toMatchObject([{ line }]);
  });

  it('an agent says whether anybody stands by for it, and whether it hedges', () => {
    const { directory } = sound(
      `${backends}agents: { x: { backends: [a, b], handover: { standby: always, hedge: true } }, y: { backends: [a], handover: {} } }`,
    );
    const of = (wanted: string) => directory.agents.find(({ name }) => name === wanted)?.handover;
    expect(of('x')).toMatchObject({ standby: 'always', hedge: true });
    expect(of('y')).toMatchObject({ standby: 'on-risk', hedge: false });
  });
});
