import { beforeAll, describe, expect, it } from 'vitest';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import type { SpendOptions } from '../../../src/call/spend-options.ts';
import { unlimited } from '../../../src/spend/limits.ts';
import { UsageFold } from '../../../src/spend/usage-fold.ts';
import { CallHarness } from '../../support/call-harness.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';

beforeAll(prepareResampler);

const spend: SpendOptions = {
  prices: () => ({ currency: 'USD', asOf: null, source: null, perMinute: 0.06 }),
  currency: 'USD',
  limits: unlimited,
  shared: [],
  warnAt: 0.8,
  words: '',
  cheaper: null,
};

async function call(reportsTime: boolean): Promise<CallHarness> {
  const capabilities = { ...turnCapabilities, reportsTime };
  return await CallHarness.open({ spend, backends: [new ScriptedBackend({ capabilities })] });
}

async function reports(harness: CallHarness, sessionMs: number): Promise<void> {
  harness.session.emit({ type: 'usage', usage: null, sessionMs });
  await harness.pass(0);
}

function usageOf(harness: CallHarness) {
  const fold = new UsageFold();
  for (const entry of harness.entries('usage.counted')) fold.push(entry);
  return fold.usage()[0]!;
}

describe('time that the vendor counts', () => {
  it('is what is paid for, once, and the rest of the session by our clock', async () => {
    const harness = await call(true);
    // Its clock stands still without input: less was used than the session was open.
    for (let minute = 0; minute < 3; minute += 1) {
      await harness.pass(60_000);
      await reports(harness, 50_000);
    }
    await harness.pass(10_000);
    await harness.end();
    const { amounts, cost } = usageOf(harness);
    expect(amounts.connectedMs).toEqual({ amount: 190_000, source: 'counted' });
    expect(amounts.sessionMs).toEqual({ amount: 160_000, source: 'reported' });
    expect(cost.amount).toBeCloseTo(0.16, 9);
    expect(amounts.unreportedAnswers.amount).toBe(0);
  });

  it('is our clock’s where a report never came', async () => {
    const harness = await call(true);
    await harness.pass(90_000);
    await harness.end();
    const { amounts, cost } = usageOf(harness);
    expect(amounts.sessionMs).toEqual({ amount: 90_000, source: 'counted' });
    expect(cost.amount).toBeCloseTo(0.09, 9);
  });

  it('is unknown where the vendor tells none, and our clock’s is paid for', async () => {
    const harness = await call(false);
    await harness.pass(90_000);
    await harness.end();
    const { amounts, cost } = usageOf(harness);
    expect(amounts.sessionMs).toEqual({ amount: null, source: 'unknown' });
    expect(cost.amount).toBeCloseTo(0.09, 9);
  });
});
