import { beforeAll, describe, expect, it } from 'vitest';
import { answer, ask, audio, CallHarness, settle, speech } from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';

beforeAll(prepareResampler);

const failure = new CallError('backend_overloaded', 'busy');

describe('an answer that its backend is asked for later than the call wants it', () => {
  it('has not stalled while the backend is still told what was said', async () => {
    const capabilities = { ...turnCapabilities, fasterThanRealTime: false };
    const backends = [
      new ScriptedBackend({ name: 'first' }),
      new ScriptedBackend({ name: 'second', capabilities }),
    ] as const;
    const harness = await CallHarness.open({
      backends,
      agent: { handover: { stall: { factor: 3, leastMs: 2500, mostMs: 2500, dryMs: 700 } } },
    });
    harness.ok({ type: 'configure', patch: { turnDetection: null } });
    await harness.hear(speech(10_000));
    harness.ok({ type: 'commit' });
    harness.ok(ask);
    await settle();
    const { lineId } = harness.last('line.opened').line;
    backends[0].session.emit({ type: 'failed', error: failure });
    await settle();
    const second = backends[1].session;
    const asked = (): boolean => second.leftovers.some(({ type }) => type === 'respond');
    let waitedMs = 0;
    for (; !asked() && waitedMs < 10_000; waitedMs += 100) await harness.pass(100);
    // Five seconds of sound go at once, and the others a quarter faster than they were spoken.
    expect(waitedMs).toBeGreaterThan(3500);
    expect(waitedMs).toBeLessThan(4500);
    await harness.pass(2300);
    expect(harness.entries('backend.failed')).toHaveLength(1);
    second.emit(audio(lineId, answer(200)));
    await harness.pass(300);
    expect(harness.view.sentMs(lineId)).toBe(200);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('has stalled where the backend opens late and never gives it', async () => {
    const backends = [
      new ScriptedBackend({ name: 'first', opening: 'held' }),
      new ScriptedBackend({ name: 'second' }),
    ] as const;
    const harness = new CallHarness({ backends });
    await settle();
    harness.ok(ask);
    // Longer than an answer is waited for, and not longer than an opening is.
    await harness.pass(9000);
    backends[0].release();
    await settle();
    expect(backends[0].session.leftovers.some(({ type }) => type === 'respond')).toBe(true);
    await harness.pass(7900);
    expect(harness.call.backend).toBe('first');
    await harness.pass(200);
    expect(harness.last('backend.failed')).toMatchObject({ code: 'backend_stalled' });
    expect(harness.call.backend).toBe('second');
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });
});
