import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../../src/ports/log.ts';
import { Ear, type EarOptions } from '../ear/ear.ts';
import { ownWire } from '../ear/own-wire.ts';
import { fixture } from '../ear/speech.ts';
import { audioOf, type ServerEvent } from '../ear/wire.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { StandInOptions } from '../upstream/gemini/options.ts';
import { startGeminiStandIn, type GeminiStandIn } from '../upstream/gemini/server.ts';
import { wordsIn } from './gemini-rig.ts';

const key = 'AIzaGatewaySecretKey';
const tool = { name: 'count_tables', args: { seats: 2 } };

const upstreamOptions: Readonly<Record<string, StandInOptions>> = {
  speaker: { answers: [{ count: 8 }] },
  talker: { answers: [{ count: 60 }, { count: 4 }] },
  actor: { answers: [{ tools: [tool] }, { count: 3 }] },
  traveller: { answers: [{ count: 6 }], connectionCapMs: 5000, goAwayBeforeMs: 2500 },
  listener: { answers: [{ count: 30 }, { count: 4 }], voiceActivity: true },
  stranger: { apiKey: 'another key' },
};

/** The whole gateway, each agent with an upstream of its own. Detection, clock and sockets are real. */
describe('a gateway with gemini-live backends', () => {
  const upstreams = new Map<string, GeminiStandIn>();
  const logged: string[] = [];
  let gateway: TestGateway;

  beforeAll(async () => {
    vi.stubEnv('HOSTED_TEST_KEY', key);
    for (const [name, options] of Object.entries(upstreamOptions)) {
      upstreams.set(name, await startGeminiStandIn({ apiKey: key, seed: 7, ...options }));
    }
    const config = {
      backends: Object.fromEntries(
        [...upstreams].map(([name, { origin }]) => [
          name,
          { type: 'gemini-live', apiKeyEnv: 'HOSTED_TEST_KEY', url: origin },
        ]),
      ),
      agents: Object.fromEntries(
        [...upstreams.keys()].map((name) => [
          name,
          {
            instructions: `You are the ${name}.`,
            backends: [name],
            ...(name === 'listener' ? { turns: { authority: 'backend' } } : {}),
          },
        ]),
      ),
    };
    const note = (event: string, fields?: object): void => {
      logged.push(JSON.stringify({ event, ...fields }));
    };
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    gateway = await startGateway({ config: JSON.stringify(config), log });
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
    vi.unstubAllEnvs();
  });

  const call = (agent: string, options: EarOptions = {}): Promise<Ear> =>
    Ear.connect(ownWire({ url: `${gateway.wsUrl}/v1/realtime`, agent }), options);

  it('is ready', () => {
    expect(gateway.reasons).toEqual([]);
  });

  it.concurrent('answers a spoken turn, every word of it', async () => {
    const ear = await call('speaker');
    ear.say(fixture('table').samples);
    const done = await ear.waitFor('response.done');
    await ear.waitFor('conversation.item.input_audio_transcription.completed');
    await ear.close();
    expect(done.event['response']).toMatchObject({
      status: 'completed',
      output: [{ content: [{ transcript: expect.stringMatching(/^1\b.*\b8\b/s) as unknown }] }],
    });
    expect(heard(ear)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const session = upstreams.get('speaker')!.sessions.at(-1)!;
    expect(session.context?.instructions).toBe('You are the speaker.');
    expect(session.setup?.activity.automatic).toBe(false);
    const speechMs = fixture('table').samples.length / 24;
    const turnMs = (session.heard[0]?.samples.length ?? 0) / 16;
    // The turn with its padding and the silence that ended it.
    expect(turnMs).toBeGreaterThan(speechMs - 300);
    expect(turnMs).toBeLessThan(speechMs + 3500);
  });

  it.concurrent('is interrupted: nothing of the old answer is heard in the new one', async () => {
    const ear = await call('talker', { playout: { bufferMs: 100 }, onSpeechStarted: 'truncate' });
    ear.say(fixture('table').samples);
    await ear.untilPlaying(1200);
    const from = ear.events.length;
    ear.say(fixture('wait').samples);
    const cancelled = await ear.waitFor('response.done', { from });
    const second = await ear.waitFor('response.done', { from: ear.events.indexOf(cancelled) + 1 });
    await ear.close();
    expect(cancelled.event['response']).toMatchObject({ status: 'cancelled' });
    expect(second.event['response']).toMatchObject({ status: 'completed' });
    const secondOnly = ear.events.slice(ear.events.indexOf(cancelled));
    const numbers = wordsIn(audioIn(secondOnly)).map(({ number }) => number);
    expect(numbers).toHaveLength(4);
    expect(numbers[3]! - numbers[0]!).toBe(3);
    expect(upstreams.get('talker')!.sessions.at(-1)!.history[1]).toMatchObject({ role: 'model' });
  });

  it.concurrent('calls a function and goes on with its answer', async () => {
    const ear = await call('actor');
    const definition = { type: 'function', name: tool.name, parameters: { type: 'object' } };
    ear.send({ type: 'session.update', session: { type: 'realtime', tools: [definition] } });
    await ear.waitFor('session.updated');
    const content = [{ type: 'input_text', text: 'How many tables are free?' }];
    const item = { type: 'message', role: 'user', content };
    ear.send({ type: 'conversation.item.create', item });
    ear.send({ type: 'response.create' });
    const called = await ear.waitFor(isFunctionCall);
    const { call_id: callId, name, arguments: args } = called.event['item'] as WireCall;
    expect([name, JSON.parse(args)]).toEqual([tool.name, tool.args]);
    const output = { type: 'function_call_output', call_id: callId, output: '3' };
    ear.send({ type: 'conversation.item.create', item: output });
    const first = await ear.waitFor('response.done');
    ear.send({ type: 'response.create' });
    await ear.waitFor('response.done', { from: ear.events.indexOf(first) + 1 });
    await ear.close();
    expect(heard(ear)).toEqual([1, 2, 3]);
  });

  it.concurrent(
    'goes on over two connections: no word is lost or said twice',
    async () => {
      const ear = await call('traveller');
      const { sessions } = upstreams.get('traveller')!;
      let turns = 0;
      for (let from = 0; (sessions.length < 3 || turns < 3) && turns < 10; turns += 1) {
        ear.say(fixture('table').samples);
        const done = await ear.waitFor('response.done', { from });
        from = ear.events.indexOf(done) + 1;
      }
      await ear.close();
      expect(heard(ear)).toEqual(Array.from({ length: turns * 6 }, (_, i) => i + 1));
      expect(ear.types).not.toContain('error');
      const user = sessions.at(-1)!.history.filter(({ role }) => role === 'user');
      expect(user).toHaveLength(turns);
    },
    60_000,
  );

  it.concurrent('leaves turns to the upstream, and stops where that heard the caller', async () => {
    const ear = await call('listener', { playout: { bufferMs: 100 } });
    ear.say(fixture('table').samples);
    await ear.untilPlaying(1500);
    const from = ear.events.length;
    ear.say(fixture('wait').samples);
    const cancelled = await ear.waitFor('response.done', { from });
    const next = ear.events.indexOf(cancelled) + 1;
    const second = await ear.waitFor('response.done', { from: next });
    await ear.close();
    expect(cancelled.event['response']).toMatchObject({ status: 'cancelled' });
    expect(second.event['response']).toMatchObject({ status: 'completed' });
    expect(ear.types.filter((type) => type === 'input_audio_buffer.committed')).toHaveLength(2);
    expect(wordsIn(audioIn(ear.events.slice(next)))).toHaveLength(4);
  });

  it.concurrent('is refused by its upstream: one clear error, and no key anywhere', async () => {
    const ear = await call('stranger');
    const error = await ear.waitFor('error');
    expect(error.event['error']).toMatchObject({
      code: 'backend_closed',
      message: expect.stringContaining('closed with 1007: API key not valid') as unknown,
    });
    const shown = JSON.stringify(ear.events) + logged.join('\n');
    expect(logged.length).toBeGreaterThan(0);
    expect(shown).not.toContain(key);
  });

  it('leaves no connection behind upstream', async () => {
    const open = (): number[] => [...upstreams.values()].map((it) => it.open);
    await vi.waitFor(() => expect(open()).toEqual(open().map(() => 0)), { timeout: 5000 });
  });
});

interface WireCall {
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
}

function isFunctionCall(event: ServerEvent): boolean {
  if (event.type !== 'response.output_item.done') return false;
  return (event['item'] as { readonly type: string }).type === 'function_call';
}

function audioIn(events: readonly { readonly event: ServerEvent }[]): Buffer {
  return Buffer.concat(events.flatMap(({ event }) => audioOf(event)?.bytes ?? []));
}

/** Numbers in all agent audio that came over the wire. */
function heard(ear: Ear): number[] {
  return wordsIn(audioIn(ear.events)).map(({ number }) => number);
}
