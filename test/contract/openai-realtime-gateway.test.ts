import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../../src/ports/log.ts';
import { Ear, type EarOptions } from '../ear/ear.ts';
import { ownWire } from '../ear/own-wire.ts';
import { fixture } from '../ear/speech.ts';
import { audioOf, type ServerEvent } from '../ear/wire.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerSound, numbersIn } from '../upstream/answer-sound.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';
import type { StandInOptions } from '../upstream/options.ts';

const key = 'sk-gateway-secret';
const short = 'We have two tables by the window.';
const long = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
const tool = { name: 'count_tables', arguments: '{"seats":2}' };

/** Longest connection of one of the upstreams, ms. */
const travellerCapMs = 6000;

const agents: Readonly<Record<string, StandInOptions>> = {
  speaker: { answers: [{ text: short }] },
  talker: { answers: [{ text: long }, { text: short }] },
  actor: { answers: [{ tool }, { text: short }] },
  dropper: {
    answers: [{ text: long }],
    fault: { kind: 'close', at: 'audio', afterMs: 900, code: 1013, reason: 'Try later.' },
  },
  stranger: { apiKey: 'sk-another' },
  traveller: { answers: [{ count: 6 }], sessionCapMs: travellerCapMs },
};

/** The whole gateway, each agent with an upstream of its own. Detection, clock and sockets are real. */
describe('a gateway with a hosted backend', () => {
  const upstreams = new Map<string, StandIn>();
  const logged: string[] = [];
  let gateway: TestGateway;

  beforeAll(async () => {
    vi.stubEnv('HOSTED_TEST_KEY', key);
    for (const [name, options] of Object.entries(agents)) {
      upstreams.set(name, await startStandIn({ apiKey: key, seed: 7, ...options }));
    }
    const config = {
      backends: Object.fromEntries(
        [...upstreams].map(([name, { url }]) => [
          name,
          {
            type: 'openai-realtime',
            model: 'gpt-realtime-2.1',
            apiKeyEnv: 'HOSTED_TEST_KEY',
            url,
            ...(name === 'traveller' ? { connectionLimitMs: travellerCapMs } : {}),
          },
        ]),
      ),
      agents: Object.fromEntries(
        [...upstreams.keys()].map((name) => [
          name,
          { instructions: `You are the ${name}.`, backends: [name] },
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
  const upstream = (agent: string): StandIn['sessions'][number] =>
    upstreams.get(agent)!.sessions[0]!;

  it('is ready', () => {
    expect(gateway.reasons).toEqual([]);
  });

  it.concurrent('answers a spoken turn, every byte of it', async () => {
    const ear = await call('speaker');
    ear.say(fixture('table').samples);
    const done = await ear.waitFor('response.done');
    await ear.waitFor('conversation.item.input_audio_transcription.completed');
    await ear.close();
    expect(done.event['response']).toMatchObject({
      status: 'completed',
      output: [{ content: [{ transcript: short }] }],
      usage: { input_token_details: { text_tokens: 32, cached_tokens: 16 } },
    });
    expect(audioHeard(ear)).toEqual(answerSound(short, 'audio/pcm'));
    const { state, conversation } = upstream('speaker');
    expect(state).toMatchObject({ instructions: 'You are the speaker.', detection: null });
    const speechMs = fixture('table').samples.length / 24;
    const [turn] = conversation.items;
    expect(turn).toMatchObject({ role: 'user', text: 'What can you do for me?' });
    // The turn with its padding and the silence that ended it.
    expect(turn!.audioMs).toBeGreaterThan(speechMs - 300);
    expect(turn!.audioMs).toBeLessThan(speechMs + 3500);
  });

  it.concurrent('is interrupted: the upstream stops, and believes what was heard', async () => {
    const ear = await call('talker', { playout: { bufferMs: 100 }, onSpeechStarted: 'truncate' });
    ear.say(fixture('table').samples);
    await ear.untilPlaying(1200);
    const from = ear.events.length;
    ear.say(fixture('wait').samples);
    const cancelled = await ear.waitFor('response.done', { from });
    const truncated = await ear.waitFor('conversation.item.truncated', { from });
    const after = ear.events.indexOf(cancelled) + 1;
    const second = await ear.waitFor('response.done', { from: after });
    await ear.close();
    expect(cancelled.event['response']).toMatchObject({
      status: 'cancelled',
      status_details: { reason: 'turn_detected' },
    });
    expect(second.event['response']).toMatchObject({ status: 'completed' });
    const { received, conversation } = upstream('talker');
    const types = received.map(({ type }) => type);
    expect(types.filter((type) => type === 'response.cancel')).toHaveLength(1);
    expect(types.indexOf('response.cancel')).toBeLessThan(
      types.indexOf('conversation.item.truncate'),
    );
    const [, answer, , next] = conversation.items;
    expect(answer).toMatchObject({ role: 'assistant', status: 'incomplete', text: '' });
    expect(answer!.audioMs).toBe(Math.floor(Number(truncated.event['audio_end_ms'])));
    expect(answer!.audioMs).toBeGreaterThan(800);
    expect(answer!.audioMs).toBeLessThan(6000);
    expect(next).toMatchObject({ role: 'assistant', status: 'completed', text: short });
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
    expect([name, args]).toEqual([tool.name, tool.arguments]);
    const output = { type: 'function_call_output', call_id: callId, output: '3' };
    ear.send({ type: 'conversation.item.create', item: output });
    const first = await ear.waitFor('response.done');
    ear.send({ type: 'response.create' });
    const from = ear.events.indexOf(first) + 1;
    await ear.waitFor('response.done', { from });
    await ear.close();
    expect(audioHeard(ear)).toEqual(answerSound(short, 'audio/pcm'));
    expect(upstream('actor').conversation.items.map(({ type, text }) => [type, text])).toEqual([
      ['message', 'How many tables are free?'],
      ['function_call', tool.arguments],
      ['function_call_output', '3'],
      ['message', short],
    ]);
  });

  it.concurrent(
    'crosses three caps of its upstream: the ear hears every word, once',
    async () => {
      const ear = await call('traveller');
      const { sessions } = upstreams.get('traveller')!;
      let turns = 0;
      for (let from = 0; (sessions.length < 4 || turns < 4) && turns < 12; turns += 1) {
        ear.say(fixture('table').samples);
        const done = await ear.waitFor('response.done', { from });
        from = ear.events.indexOf(done) + 1;
      }
      await ear.close();
      expect(sessions.length).toBeGreaterThanOrEqual(4);
      const numbers = Array.from({ length: turns * 6 }, (_, i) => i + 1);
      expect(numbersIn(audioHeard(ear), 'audio/pcm')).toEqual(numbers);
      expect(ear.types).not.toContain('error');
    },
    90_000,
  );

  it.concurrent('loses its upstream mid-word: one clear error, then the end', async () => {
    const ear = await call('dropper');
    ear.send({ type: 'response.create' });
    const error = await ear.waitFor('error');
    expect(error.event['error']).toMatchObject({
      code: 'backend_closed',
      message: expect.stringContaining('closed with 1013: Try later.') as unknown,
    });
    await vi.waitFor(() => expect(ear.closed?.code).toBe(1011), { timeout: 5000 });
    expect(ear.types.filter((type) => type === 'error')).toHaveLength(1);
  });

  it.concurrent('is refused by its upstream: one clear error, and no key anywhere', async () => {
    const ear = await call('stranger');
    const error = await ear.waitFor('error');
    expect(error.event['error']).toMatchObject({
      code: 'backend_refused',
      message: expect.stringContaining('HTTP 401') as unknown,
    });
    const shown = JSON.stringify(ear.events) + logged.join('\n');
    expect(logged.length).toBeGreaterThan(0);
    expect(shown).not.toContain(key);
  });

  it('leaves no session behind upstream', async () => {
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

/** All agent audio that came over the wire, joined. */
function audioHeard(ear: Ear): Buffer {
  return Buffer.concat(ear.events.flatMap(({ event }) => audioOf(event)?.bytes ?? []));
}
