import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { House } from '../soak/house.ts';
import { ScriptedBackend, turnCapabilities } from '../support/scripted-backend.ts';
import { clientContract, contractAgents, type ContractStage } from './client-contract.ts';
import { liveWire, realtimeWire } from './client-wires.ts';
import { WireClient } from './wire-client.ts';

const wires = [realtimeWire, liveWire];
const keys = { wide: 'sk-wide-1f9c', narrow: 'sk-narrow-77aa', wrong: 'sk-guess-0001' };
const narrowOf = { [realtimeWire.name]: 'realtime-narrow', [liveWire.name]: 'live-narrow' };
const agents = [...wires.flatMap(contractAgents), ...Object.values(narrowOf)];
/** Each word comes right before its own audio, so that what was heard is known to the word. */
const capabilities = {
  ...turnCapabilities,
  transcripts: { ...turnCapabilities.transcripts, wordTimes: false, paired: true },
};
const backends = new Map(agents.map((name) => [name, new ScriptedBackend({ name, capabilities })]));

async function open(server: object): Promise<House> {
  const each = (of: (name: string) => object): object =>
    Object.fromEntries(agents.map((name) => [name, of(name)]));
  const narrow = Object.values(narrowOf).map((agent) => ({
    id: agent,
    keyEnv: agent.toUpperCase().replace('-', '_'),
    agents: [agent],
    maxCalls: 1,
  }));
  return await House.open({
    config: JSON.stringify({
      server: { defaultAgent: agents[0], drainMs: 0, ...server },
      auth: { keys: [{ id: 'wide', keyEnv: 'WIDE' }, ...narrow] },
      backends: each(() => ({ type: 'rehearsal' })),
      agents: each((name) => ({ backends: [name] })),
    }),
    env: {
      WIDE: keys.wide,
      REALTIME_NARROW: `${keys.narrow}-realtime`,
      LIVE_NARROW: `${keys.narrow}-live`,
    },
    backends: [...backends.values()],
  });
}

let house: House;
let brief: House;
const urlOf = ({ gateway }: House): string => gateway.url.replace(/^http/, 'ws');

beforeAll(async () => {
  house = await open({});
  brief = await open({ sessionCapMs: 1_000 });
});
afterAll(async () => {
  await house.close();
  await brief.close();
});

for (const wire of wires) {
  clientContract(wire, (): ContractStage => {
    const narrow = `${keys.narrow}-${wire === liveWire ? 'live' : 'realtime'}`;
    return {
      url: urlOf(house),
      keys: { ...keys, narrow },
      narrowAgent: narrowOf[wire.name]!,
      backend: (agent) => backends.get(agent)!,
    };
  });
}

describe('[V12] an end from the other side is said in the wire’s own words', () => {
  it.each(wires)('$name: the call may last no longer', async (wire) => {
    const agent = contractAgents(wire)[0]!;
    const client = await WireClient.open(wire, { url: urlOf(brief), key: keys.wide, agent });
    expect(await client.closed).toBe(1001);
    expect(client.events.at(-1)).toMatchObject(wire.lastWord.expired ?? {});
  });

  it('both: the gateway goes down', async () => {
    const clients = await Promise.all(
      wires.map((wire) => {
        const agent = contractAgents(wire)[0]!;
        return WireClient.open(wire, { url: urlOf(house), key: keys.wide, agent });
      }),
    );
    await house.gateway.close();
    for (const client of clients) {
      expect(await client.closed).toBe(1012);
      const word = client.wire.lastWord.shutdown;
      if (word === null) expect(client.errors).toEqual([]);
      else expect(client.events.at(-1)).toMatchObject(word);
    }
  });
});
