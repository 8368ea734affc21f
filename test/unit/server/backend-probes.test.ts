import { afterEach, describe, expect, it } from 'vitest';
import { BackendProbes } from '../../../src/server/backend-probes.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { KeptBackend } from '../../../src/server/kept-backend.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { plainAgent, settle } from '../../support/call-harness.ts';
import { probeAtMs } from '../../../src/routing/probe.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { AgentDefinition } from '../../../src/ports/agent.ts';

let probes: BackendProbes | null = null;
afterEach(() => probes?.close());

const everyMs = 60_000;

async function setUp(
  orders: readonly (readonly string[])[],
  ports: readonly ScriptedBackend[],
  probeEveryMs: number | null = everyMs,
) {
  const clock = new ManualClock();
  const connections = { perSecond: 50, waiting: 10, standbys: 1, probeEveryMs };
  const kept = ports.map(
    (port) =>
      new KeptBackend({
        entry: { name: port.name, type: 'scripted', options: {}, connections },
        port,
        generation: 1,
        clock,
        log: silentLogger,
      }),
  );
  await Promise.all(kept.map(({ prepared }) => prepared));
  const agents = orders.map((backends, place): AgentDefinition => {
    return { ...plainAgent, name: `agent${place}`, backends };
  });
  const find = (name: string): KeptBackend | undefined =>
    kept.find((backend) => backend.name === name);
  probes = new BackendProbes({
    current: () => ({ directory: { agents, defaultAgent: 'agent0' }, backends: { find } }),
    clock,
    ids: countingIds(),
    log: silentLogger,
    chance: () => 0.5,
  });
  probes.start();
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 1000) {
      clock.advance(1000);
      await settle();
    }
  };
  return { clock, kept, pass };
}

describe('a fallback that no call uses', () => {
  it('is opened and closed now and then, and only where an agent counts on it', async () => {
    const [first, second, alone] = ['first', 'second', 'alone'].map(
      (name) => new ScriptedBackend({ name }),
    );
    const { kept, pass } = await setUp([['first', 'second'], ['alone']], [first!, second!, alone!]);
    await pass(everyMs - 1000);
    expect(second!.sessions).toHaveLength(0);
    await pass(2000);
    expect(second!.sessions).toHaveLength(1);
    expect(second!.session.closed).toBe(true);
    await pass(2 * everyMs);
    expect(second!.sessions).toHaveLength(3);
    expect([first!.sessions, alone!.sessions]).toEqual([[], []]);
    expect(kept[1]?.figures()).toMatchObject({ probes: 3, probesFailed: 0, openingsTaken: 3 });
  });

  it('is left alone while a call uses it, or has opened it lately, or nobody wants it', async () => {
    const second = new ScriptedBackend({ name: 'second' });
    const ports = [new ScriptedBackend({ name: 'first' }), second];
    const { kept, pass } = await setUp([['first', 'second']], ports);
    kept[1]!.answering = 1;
    await pass(2 * everyMs);
    kept[1]!.answering = 0;
    kept[1]!.seen('success');
    await pass(everyMs - 1000);
    expect(second.sessions).toEqual([]);
    const never = await setUp([['first', 'second']], ports, null);
    await never.pass(5 * everyMs);
    expect(second.sessions).toEqual([]);
  });

  it('that does not open loses its trust, and wins it back, without a call having suffered', async () => {
    let refuses = true;
    const second = new (class extends ScriptedBackend {
      override open(...args: Parameters<ScriptedBackend['open']>) {
        return refuses
          ? Promise.reject(new CallError('backend_refused', 'no'))
          : super.open(...args);
      }
    })({ name: 'second' });
    const { kept, pass } = await setUp(
      [['first', 'second']],
      [new ScriptedBackend({ name: 'first' }), second],
    );
    await pass(everyMs + 20_000);
    expect(kept[1]?.trusted).toBe(false);
    expect(kept[1]?.figures()['probesFailed']).toBeGreaterThanOrEqual(3);
    refuses = false;
    await pass(150_000);
    expect(kept[1]?.health).toBe('closed');
    expect(kept[1]?.figures()).toMatchObject({ breaker: 0 });
  });

  it('is given up on when it does not open in time, and when the gateway closes', async () => {
    const second = new ScriptedBackend({ name: 'second', opening: 'held' });
    const { clock, kept, pass } = await setUp(
      [['first', 'second']],
      [new ScriptedBackend({ name: 'first' }), second],
    );
    await pass(everyMs + 2000);
    expect(second.sessions).toHaveLength(1);
    probes?.close();
    expect(clock.pending).toBe(1);
    second.release();
    await settle();
    expect(kept[1]?.figures()).toMatchObject({ probes: 1, probesFailed: 0 });
    expect(second.session.closed).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('when a fallback is tried', () => {
  const seenAtMs = 1000;
  it('is up to a fifth earlier or later, and soon where it is in doubt', () => {
    const fine = { seenAtMs, failed: false, health: 'closed' } as const;
    expect(probeAtMs(fine, everyMs, 0)).toBe(seenAtMs + 48_000);
    expect(probeAtMs(fine, everyMs, 0.5)).toBe(seenAtMs + everyMs);
    expect(probeAtMs({ ...fine, failed: true }, everyMs, 0.5)).toBe(seenAtMs + 5000);
    expect(probeAtMs({ ...fine, health: 'half_open' }, everyMs, 0.5)).toBe(seenAtMs + 5000);
    expect(probeAtMs({ ...fine, failed: true }, 2000, 0.5)).toBe(seenAtMs + 2000);
  });
});
