import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/time/manual-clock.ts';
import type { ToolPort } from '../../src/ports/tool.ts';
import { settle } from '../support/call-harness.ts';
import { House } from '../soak/house.ts';
import { BadClient } from './client.ts';
import { passing } from './passing.ts';

const secret = 'the database says no';
const clock = new ManualClock();

function tool(name: string, run: ToolPort['run']): ToolPort {
  return {
    definition: { name, description: null, parameters: null },
    deadlineMs: 1_000,
    manner: { late: 'silent' },
    run,
  };
}

const tools = [
  tool('throws', () => {
    throw new Error(secret);
  }),
  tool('hangs', () => new Promise(() => undefined)),
  tool(
    'is_late',
    () => new Promise((resolve) => clock.timerAt(clock.nowMs() + 3_000, () => resolve('too late'))),
  ),
  tool('says_nothing', () => Promise.resolve(undefined as unknown as string)),
];

const names = ['throws', 'hangs', 'is_late', 'says_nothing', 'of_client'] as const;
const backends = names.map(
  (name) => `  ${name}:
    type: rehearsal
    realTimeFactor: 1000
    firstAudioMs: { p50: 20, p95: 20 }
    script:
      turns: [ { tool: { name: ${name}, arguments: {} }, then: { text: "It said {output}" } } ]
`,
);
const config = `
server: { defaultAgent: rehearsal, drainMs: 0 }
backends:
${backends.join('')}
agents:
  parrot: { backends: [rehearsal] }
${names.map((name) => `  ${name}: { backends: [${name}] }\n`).join('')}
`;

let house: House;

beforeAll(async () => {
  house = await House.open({ config, clock, tools });
});

afterAll(() => house.close());

interface Entry {
  readonly type: string;
  readonly state?: string;
  readonly runner?: string;
}

/** Lets time pass for a while, whatever happens. */
async function wait(ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 50) {
    clock.advance(50);
    await settle();
  }
}

async function ledger(agent: string): Promise<readonly Entry[]> {
  const list = await fetch(`${house.gateway.url}/api/calls`);
  const { calls } = (await list.json()) as { calls: { callId: string; agent: string }[] };
  const callId = calls.find((call) => call.agent === agent)!.callId;
  const record = await fetch(`${house.gateway.url}/api/calls/${callId}`);
  const { events } = (await record.json()) as { events: Entry[] };
  return events.filter(({ type }) => type === 'tool.called' || type === 'tool.answered');
}

async function textClient(agent: string, session: object = {}): Promise<BadClient> {
  const client = await BadClient.open(house.callUrl(agent));
  client.send({
    type: 'session.update',
    session: { type: 'realtime', output_modalities: ['text'], ...session },
  });
  await client.next('session.updated');
  client.send({ type: 'response.create' });
  return client;
}

describe('a tool that throws, hangs, answers twice, answers too late', () => {
  test.each([
    ['throws', 'failed'],
    ['hangs', 'timed_out'],
    ['is_late', 'timed_out'],
    ['says_nothing', 'failed'],
  ])(
    '%s: the model is told in words, the call goes on, the ledger says %s',
    async (name, state) => {
      const client = await textClient(name);
      const { text } = await passing(clock, client.next('response.output_text.done'));
      expect(text).toMatch(new RegExp(`^It said .*${name}`));
      expect(text).not.toContain(secret);
      // What comes after the deadline changes nothing any more.
      await wait(4_000);
      await client.works();
      expect(client.codes).toEqual(['item_not_found']);
      expect(client.events.filter(({ type }) => type === 'response.output_text.done')).toHaveLength(
        1,
      );
      expect(await ledger(name)).toMatchObject([
        { type: 'tool.called', runner: 'gateway' },
        { type: 'tool.answered', state },
        // What came too late is known to the ledger and to the model, and nobody speaks about it.
        ...(name === 'is_late' ? [{ type: 'tool.answered', state: 'late' }] : []),
      ]);
      await client.close();
    },
  );

  test('a client that answers twice: the first answer counts, the second changes nothing', async () => {
    const client = await textClient('of_client', {
      tools: [{ type: 'function', name: 'of_client' }],
    });
    const called = await passing(clock, client.next('response.function_call_arguments.done'));
    await passing(clock, client.next('response.done'));
    for (const output of ['one', 'two']) {
      const callId = called['call_id'];
      client.send({
        type: 'conversation.item.create',
        item: { type: 'function_call_output', call_id: callId, output },
      });
    }
    client.send({ type: 'response.create' });
    const { text } = await passing(clock, client.next('response.output_text.done'));
    expect(text).toBe('It said one');
    await client.works();
    expect(client.codes).toEqual(['item_not_found']);
    expect(await ledger('of_client')).toHaveLength(2);
    await client.close();
  });
});
