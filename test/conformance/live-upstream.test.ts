import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hearNumbers } from '../ear/counted-speech.ts';
import { fixture } from '../ear/speech.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startLiveStandIn, type LiveStandIn } from '../upstream/live/server.ts';
import type { ScriptedAnswer } from '../upstream/live/options.ts';
import { agentsWire, type AgentsSide } from './agents-wire.ts';
import { errorOf, eventsOf, itemOf, responseOf, type Conversation } from './scenarios.ts';
import { Ear } from '../ear/ear.ts';
import { expectOrder } from './expectations.ts';
import { liveConversations } from './live-scenarios.ts';
import { LiveCaller } from './live-wire.ts';
import { plainAgent, tableAgent } from './table-agent.ts';

const key = 'ek_upstream_0123456789abcdef';

const scripts: Readonly<Record<string, readonly ScriptedAnswer[]>> = {
  counts: [{ count: 6 }],
  talks: [{ count: 60 }, { count: 3 }],
  delegates: [{ delegate: true, say: 'One moment.' }],
  acts: [
    {
      delegate: true,
      calls: [{ name: 'count_tables', arguments: '{"seats":2}' }],
      then: { count: 4 },
    },
  ],
  'live-talks': [{ count: 12 }, { text: 'Two coffees.' }],
  'live-appends': [{ count: 3 }],
  'live-delegates': [{ delegate: true, say: 'One moment.' }],
  'live-acts': [
    {
      delegate: true,
      calls: [{ name: 'count_tables', arguments: '{"seats":2}' }],
      then: { text: 'It is booked.' },
    },
  ],
};
const count = Array.from({ length: 12 }, (_, at) => at + 1);

const standIns = new Map<string, LiveStandIn>();
let gateway: TestGateway;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-live-'));
  const apiKeyFile = join(folder, 'key');
  await writeFile(apiKeyFile, 'sk-upstream\n');
  const backends: Record<string, object> = {};
  const agents: Record<string, object> = {};
  for (const [name, answers] of Object.entries(scripts)) {
    const standIn = await startLiveStandIn({ answers, apiKey: 'sk-upstream' });
    standIns.set(name, standIn);
    const delegation = name.endsWith('acts')
      ? { type: 'responses', model: 'gpt-5' }
      : { type: 'client' };
    backends[name] = { type: 'openai-live', url: standIn.url, apiKeyFile, delegation };
    agents[name] = { backends: [name], instructions: 'Count aloud.' };
  }
  gateway = await startGateway({
    config: JSON.stringify({
      auth: { keys: [{ id: 'app', keyEnv: 'APP_KEY', agents: ['*'], maxCalls: 50 }] },
      backends,
      agents,
    }),
    env: { APP_KEY: key },
  });
  expect(gateway.reasons).toEqual([]);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([...standIns.values()].map((standIn) => standIn.close()));
});

/** What the stand-in itself had to complain about. */
function complaints(name: string): unknown[] {
  return (standIns.get(name)?.sessions ?? []).flatMap(({ sent }) =>
    sent.filter(({ type }) => type === 'error'),
  );
}

describe.concurrent('@openai/agents-realtime on a backend without turns', () => {
  async function talk(
    model: string,
    hold: (ear: Ear) => Promise<Conversation['said']>,
    agent = plainAgent(),
  ): Promise<{ talk: Conversation; side: AgentsSide }> {
    const sides: AgentsSide[] = [];
    const url = `${gateway.wsUrl}/v1/realtime?model=${model}`;
    const connect = agentsWire({ url, agent, key, onSession: (side) => sides.push(side) });
    const ear = await Ear.connect(connect, {
      playout: { bufferMs: 200 },
      onSpeechStarted: 'ignore',
    });
    const said = await hold(ear);
    await ear.untilQuiet(300);
    await ear.close();
    return { talk: { ear, said }, side: sides[0]! };
  }

  it('takes a turn and hears the answer, in words too', async () => {
    const { talk: heard, side } = await talk('counts', async (ear) => {
      const said = ear.say(fixture('thanks').samples);
      await ear.waitFor('response.done');
      return [said];
    });
    expectOrder(heard);
    expect(side.dropped).toEqual([]);
    expect(side.errors).toEqual([]);
    const done = responseOf(eventsOf(heard, 'response.done')[0]!.event);
    expect(done).toMatchObject({ status: 'completed', output: [{ status: 'completed' }] });
    expect(JSON.stringify(done.output)).toContain('1 2 3 4 5 6');
    const numbers = hearNumbers(heard.ear.heard(0, heard.ear.nowMs), 24_000);
    expect(numbers.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(JSON.stringify(side.session.history)).toContain('What can you do');
    expect(complaints('counts')).toEqual([]);
  });

  it('interrupts it: what was cut is marked, and the next answer follows', async () => {
    const { talk: heard, side } = await talk('talks', async (ear) => {
      const first = ear.say(fixture('thanks').samples);
      await ear.untilPlaying(1_500);
      const second = ear.say(fixture('wait').samples);
      await ear.waitFor(
        (event) => event.type === 'response.done' && responseOf(event).status === 'completed',
      );
      return [first, second];
    });
    expectOrder(heard);
    expect(side.dropped).toEqual([]);
    const [first, second] = eventsOf(heard, 'response.done').map(({ event }) => responseOf(event));
    expect(first).toMatchObject({
      status: 'cancelled',
      status_details: { reason: 'turn_detected' },
      output: [{ status: 'incomplete' }],
    });
    expect(second).toMatchObject({ status: 'completed' });
    expect(standIns.get('talks')?.sessions[0]?.mind?.yields).toBe(1);
    expect(complaints('talks')).toEqual([]);
  });

  it('uses a tool, and hears what came of it', async () => {
    const hold = async (ear: Ear): Promise<Conversation['said']> => {
      const said = ear.say(fixture('thanks').samples);
      const called = await ear.waitFor('response.done');
      const from = ear.events.findIndex((received) => received === called) + 1;
      await ear.waitFor('response.done', { from });
      return [said];
    };
    const { talk: heard, side } = await talk('acts', hold, tableAgent());
    expectOrder(heard);
    expect(side.dropped).toEqual([]);
    expect(heard.ear.events.flatMap(({ event }) => errorOf(event) ?? [])).toEqual([]);
    const [first, second] = eventsOf(heard, 'response.done').map(({ event }) => responseOf(event));
    expect(first!.output.map(({ type }) => type)).toEqual(['function_call']);
    expect(second).toMatchObject({ status: 'completed' });
    const call = eventsOf(heard, 'response.output_item.done')
      .map(({ event }) => itemOf(event))
      .find(({ type }) => type === 'function_call');
    expect(call).toMatchObject({ name: 'count_tables', arguments: '{"seats":2}' });
    const numbers = hearNumbers(heard.ear.heard(0, heard.ear.nowMs), 24_000);
    expect(numbers.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect([...(standIns.get('acts')?.sessions[0]?.work.outputs.values() ?? [])]).toEqual(['3']);
    expect(complaints('acts')).toEqual([]);
  });
});

liveConversations('openai (live/ws) on a Live upstream', () => ({
  url: gateway.url,
  key,
  models: {
    talks: 'live-talks',
    stops: 'live-talks',
    mutes: 'live-talks',
    appends: 'live-appends',
    delegates: 'live-delegates',
    acts: 'live-acts',
  },
  asked: 'What can you do for me?',
  answer: { whole: count.join(' '), begin: '2 3', end: '12' },
  mayOverlap: true,
  second: 'coffees',
  told: { commentary: 'Some commentary.', underWay: 'moment', late: 'booked' },
  expectHeard: (track) =>
    expect(hearNumbers(track, 24_000).map(({ number }) => number)).toEqual(count),
}));

describe.concurrent('openai (live/ws) and a Live upstream', () => {
  it('is handed work, and its late result is told under the delegation’s own id', async () => {
    const live = new LiveCaller({ url: gateway.url, key });
    await live.start({ model: 'delegates' });
    live.say(fixture('thanks').samples);
    const { delegation } = await live.next('session.delegation.created');
    await live.until(() => live.said('output').includes('moment'), 'the acknowledgement');
    live.send({
      type: 'session.commentary.append',
      content: 'A table is free.',
      delegation_id: delegation.id,
    });
    await live.until(() => live.said('output').includes('free.'), 'the result');
    await live.close();
    const told = standIns.get('delegates')?.sessions[0]?.received ?? [];
    const [commentary] = told.filter(({ type }) => type === 'session.commentary.append');
    expect(commentary).toMatchObject({ content: 'A table is free.' });
    expect(JSON.stringify(commentary)).toContain('"delegation_id":"item_');
    expect(complaints('delegates')).toEqual([]);
  });
});
