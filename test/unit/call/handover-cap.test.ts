import { beforeAll, describe, expect, it } from 'vitest';
import { answer, ask, audio, CallHarness, settle } from '../../support/call-harness.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

const minute = 60_000;

async function capped(first: Partial<BackendCapabilities> = {}) {
  const backends = [
    new ScriptedBackend({
      name: 'first',
      capabilities: { ...turnCapabilities, sessionCapMs: 15 * minute, ...first },
    }),
    new ScriptedBackend({ name: 'second' }),
  ] as const;
  const harness = await CallHarness.open({ backends });
  return { harness, backends };
}

describe('a call whose backend has a cap on sessions', () => {
  it('goes over to another session of it at a pause before, knowing what was said', async () => {
    const { harness, backends } = await capped();
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
    await harness.pass(13.9 * minute);
    expect(backends[0].sessions).toHaveLength(1);
    await harness.pass(0.2 * minute);
    expect(backends[0].sessions).toHaveLength(2);
    expect(backends[0].sessions[0]?.closed).toBe(true);
    expect(backends[0].contexts[1]?.seed?.items).toMatchObject([{ itemId: 'hi' }]);
    expect(harness.last('handover.done')).toMatchObject({
      from: 'first',
      to: 'first',
      cause: 'session_cap',
      gapMs: 0,
    });
    // And again before the end of that one.
    await harness.pass(14.2 * minute);
    expect(backends[0].sessions).toHaveLength(3);
    expect(harness.closes).toEqual([]);
    await harness.end();
    expect(harness.clock.pending).toBe(0);
  });

  it('goes over to the next one where it cannot be told what was said, or refuses', async () => {
    const { harness, backends } = await capped({ seedHistory: 'none' });
    await harness.pass(14.1 * minute);
    expect(harness.call.backend).toBe('second');
    expect(harness.last('handover.started')).toMatchObject({ cause: 'session_cap', to: 'second' });
    // That has none: nothing more happens.
    await harness.pass(20 * minute);
    expect(backends[1].sessions).toHaveLength(1);
    await harness.end();
  });

  it('waits for a pause as long as there is time', async () => {
    const { harness, backends } = await capped();
    await harness.pass(13.9 * minute);
    harness.ok(ask);
    await settle();
    const { lineId } = harness.last('line.opened').line;
    backends[0].session.emit(audio(lineId, answer(100_000)));
    await harness.pass(0.9 * minute);
    expect(backends[0].sessions).toHaveLength(1);
    await harness.pass(0.2 * minute);
    // 5 s before the end at the latest.
    expect(backends[0].sessions).toHaveLength(2);
    expect(harness.entries('handover.started')).toMatchObject([
      { cause: 'session_cap', owed: 'rest' },
    ]);
    await harness.end();
  });
});
