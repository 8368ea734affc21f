import { beforeAll, describe, expect, it } from 'vitest';
import { ask, audio, answer, CallHarness, done, settle } from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { KeptBackend } from '../../../src/server/kept-backend.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import type { BackendContext, BackendSession } from '../../../src/ports/backend.ts';
import type { ConnectionLimits } from '../../../src/server/config-connections.ts';

beforeAll(prepareResampler);

const callCount = 150;
const limits: ConnectionLimits = {
  perSecond: 50,
  waiting: 1000,
  standbys: 0,
  probeEveryMs: null,
};

/** A backend that writes down when it was opened. */
class TimedBackend extends ScriptedBackend {
  readonly openedAtMs: number[] = [];
  readonly #clock: ManualClock;

  constructor(name: string, clock: ManualClock) {
    super({ name });
    this.#clock = clock;
  }

  override open(context: BackendContext): Promise<BackendSession> {
    this.openedAtMs.push(this.#clock.nowMs());
    return super.open(context);
  }
}

async function calls(waiting = limits.waiting) {
  const clock = new ManualClock(5000);
  const [dying, next] = [new TimedBackend('dying', clock), new TimedBackend('next', clock)];
  const kept = [dying, next].map(
    (port) =>
      new KeptBackend({
        entry: {
          name: port.name,
          type: 'scripted',
          options: {},
          connections: { ...limits, waiting },
        },
        port,
        generation: 1,
        clock,
        log: silentLogger,
      }),
  );
  const health = (name: string) => kept.find((backend) => backend.name === name) ?? null;
  const harnesses = Array.from(
    { length: callCount },
    () => new CallHarness({ clock, health, backends: [dying, next], detector: null }),
  );
  await settle();
  const lose = async (): Promise<void> => {
    const error = new CallError('backend_closed', 'gone');
    for (const session of [...dying.sessions]) session.emit({ type: 'failed', error });
    await settle();
  };
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 10) {
      clock.advance(10);
      await settle();
    }
  };
  const end = (): void => {
    for (const { call } of harnesses) call.close({ kind: 'client', wireCode: 1000 });
  };
  return { clock, dying, next, kept, harnesses, lose, pass, end };
}

describe('150 calls that lose one of two backends at once', () => {
  it('all go over, and the other is never opened faster than its bound', async () => {
    const { clock, dying, next, kept, harnesses, lose, pass, end } = await calls();
    // A call's first opening waits for nobody.
    expect(dying.openedAtMs.filter((ms) => ms === 5000)).toHaveLength(callCount);
    for (const harness of harnesses) harness.ok(ask);
    await lose();
    expect(next.openedAtMs.length).toBeLessThanOrEqual(limits.perSecond);
    expect(kept[1]?.figures()['openingsWaiting']).toBe(callCount - next.openedAtMs.length);
    await pass(4000);
    expect(next.openedAtMs).toHaveLength(callCount);
    for (const fromMs of next.openedAtMs) {
      const within = next.openedAtMs.filter((ms) => ms >= fromMs && ms < fromMs + 1000);
      expect(within.length).toBeLessThanOrEqual(limits.perSecond);
    }
    for (const [place, harness] of harnesses.entries()) {
      expect(harness.closes).toEqual([]);
      const { lineId } = harness.last('line.opened').line;
      next.sessions[place]?.emit(audio(lineId, answer(100)), done(lineId));
    }
    await pass(500);
    expect(harnesses.map(({ call }) => call.backend)).toEqual(Array(callCount).fill('next'));
    for (const harness of harnesses) {
      expect(harness.last('line.closed').end).toEqual({ status: 'completed' });
    }
    end();
    await settle();
    expect(clock.pending).toBe(0);
  }, 20_000);

  it('are told that it is too much where the queue is full, and try the lost one again', async () => {
    const { dying, kept, harnesses, lose, pass, end } = await calls(20);
    await lose();
    await pass(4000);
    const over = harnesses.filter(({ closes }) => closes.length > 0).length;
    const { openingsRefused = 0 } = kept[1]?.figures() ?? {};
    expect(openingsRefused).toBe(callCount - 10 - 20);
    // Of the other's queue the same: whoever is in neither has nobody left.
    expect(over).toBe(callCount - 2 * (10 + 20));
    expect(dying.openedAtMs).toHaveLength(callCount + 30);
    end();
  }, 20_000);

  it('leave nothing behind where they end while they wait', async () => {
    const { clock, next, kept, lose, pass, end } = await calls();
    await lose();
    end();
    await pass(2000);
    expect(kept[1]?.figures()['openingsWaiting']).toBe(0);
    expect(next.openedAtMs.length).toBeLessThanOrEqual(10);
    expect(clock.pending).toBe(0);
  }, 20_000);
});
