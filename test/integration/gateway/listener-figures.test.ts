import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Ear } from '../../ear/ear.ts';
import { ownWire } from '../../ear/own-wire.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startHydraStandIn, type HydraStandIn } from '../../upstream/hydra/server.ts';
import { startDeepgramStandIn } from '../../upstream/stt/deepgram-server.ts';
import type { SttStandIn } from '../../upstream/stt/server.ts';

const key = 'listener-figures-key';
const model = { type: 'deepgram', model: 'nova-3', apiKeyEnv: 'FIGURES_KEY', agent: true };

interface CallRecord {
  readonly usage: readonly {
    readonly backend: string;
    readonly amounts: {
      readonly recognisedAudioMs: { readonly amount: number; readonly source: string };
    };
    readonly cost: { readonly amount: number };
  }[];
  readonly spend: readonly object[];
  readonly events: readonly {
    readonly type: string;
    readonly backend?: string;
    readonly heldMs?: number;
  }[];
}

/** What is said of a listener where nobody listens to it: readiness, bills, and gates without one. */
describe('a listener, from outside', () => {
  let hydra: HydraStandIn;
  let ear: SttStandIn;
  let refusing: SttStandIn;
  let gateway: TestGateway;

  beforeAll(async () => {
    vi.stubEnv('FIGURES_KEY', key);
    [hydra, ear, refusing] = await Promise.all([
      startHydraStandIn({ apiKey: key, answers: [{ words: 6 }], realTimeFactor: 4 }),
      startDeepgramStandIn({ apiKey: key, script: { kind: 'counted' } }),
      startDeepgramStandIn({ apiKey: key, fault: { kind: 'refuse', status: 401, sessions: 99 } }),
    ]);
    const gate = { rules: [{ block: ['guarantee a refund'] }] };
    const backends = ['spoken'];
    gateway = await startGateway({
      config: JSON.stringify({
        backends: { spoken: { type: 'hydra', apiKeyEnv: 'FIGURES_KEY', url: hydra.url } },
        agents: {
          heard: { backends, gate, listener: { ...model, url: ear.url } },
          deserted: { backends, gate, listener: { ...model, url: refusing.url } },
          unheard: { backends, gate },
          keyless: { backends, listener: { ...model, apiKeyEnv: 'NO_SUCH_KEY', url: ear.url } },
        },
        prices: {
          'heard.listener': { currency: 'EUR', asOf: '2026-11-01', perRecognisedMinute: 0.6 },
        },
      }),
    });
  }, 30_000);
  afterAll(async () => {
    await gateway.close();
    await Promise.all([hydra.close(), ear.close(), refusing.close()]);
    vi.unstubAllEnvs();
  });

  const get = async (path: string): Promise<unknown> =>
    await (await fetch(`${gateway.url}${path}`)).json();

  /** An answer of six words, asked for and heard. */
  async function answered(agent: string): Promise<CallRecord> {
    let callId = '';
    const onCallId = (id: string): void => void (callId = id);
    const caller = await Ear.connect(
      ownWire({ url: `${gateway.wsUrl}/v1/realtime`, agent, onCallId }),
    );
    caller.send({ type: 'response.create' });
    await caller.waitFor('response.done');
    await caller.untilQuiet(200);
    await caller.close();
    return await vi.waitFor(async () => {
      const record = (await get(`/api/calls/${callId}`)) as CallRecord;
      expect(record.events.at(-1)?.type).toBe('call.closed');
      return record;
    });
  }

  /** One call for whoever asks. */
  let once: Promise<CallRecord> | null = null;
  const heard = (): Promise<CallRecord> => (once ??= answered('heard'));

  it('that cannot be prepared is named beside readiness, which it does not change', async () => {
    const answer = await fetch(`${gateway.url}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'ready',
      reasons: [],
      listeners: [expect.stringMatching(/^The listener keyless\.listener could not be prepared: /)],
    });
  });

  it('is on the bill of a call by its own name, with its own price', async () => {
    const record = await heard();
    const beside = record.usage.find(({ backend }) => backend === 'heard.listener')!;
    const { amount, source } = beside.amounts.recognisedAudioMs;
    // Six words of 260 ms, which the recogniser says it heard.
    expect(source).toBe('reported');
    expect(amount).toBeGreaterThan(1_400);
    expect(beside.cost).toMatchObject({ currency: 'EUR', missing: [] });
    expect(beside.cost.amount).toBeCloseTo((amount / 60_000) * 0.6, 9);
    expect(record.spend).toContainEqual(beside.cost);
  });

  it('is what a gate needs on a backend without words: its lack is shown and logged', async () => {
    const { agents } = (await get('/api/agents')) as {
      readonly agents: readonly { readonly name: string; readonly gate?: unknown }[];
    };
    const gates = new Map(agents.map(({ name, gate }) => [name, gate]));
    expect(gates.get('unheard')).toEqual({ blind: ['spoken'] });
    expect(gates.get('heard')).toEqual({ blind: [] });
    const blind = (record: CallRecord): readonly (string | undefined)[] =>
      record.events.filter(({ type }) => type === 'gate.blind').map(({ backend }) => backend);
    const [unheard, deserted] = await Promise.all([answered('unheard'), answered('deserted')]);
    expect(blind(unheard)).toEqual(['spoken']);
    expect(blind(await heard())).toEqual([]);
    // One that cannot be had is not waited for as one that is slow.
    expect(blind(deserted)).toEqual(['spoken']);
    const held = deserted.events.filter(({ type }) => type === 'gate.held');
    expect(held).toHaveLength(1);
    expect(held[0]!.heldMs).toBeLessThan(4_000);
  });
});
