import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../../src/ports/log.ts';
import { openAiWire } from './openai-wire.ts';
import { throwAwayCertificate } from './stage.ts';
import { countWords, hearNumbers, type Count } from '../ear/counted-speech.ts';
import { Ear, type EarOptions } from '../ear/ear.ts';
import { fixture, realSpeech } from '../ear/speech.ts';
import type { ServerEvent } from '../ear/wire.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import type { HydraFault, HydraStandInOptions } from '../upstream/hydra/options.ts';
import { startHydraStandIn, type HydraStandIn } from '../upstream/hydra/server.ts';

const key = 'hydra/gateway+secret';
const tools = [
  { name: 'count_tables', arguments: '{"seats":2}' },
  { name: 'read_clock', arguments: '{}' },
] as const;
const real = realSpeech();

/** What goes wrong, where, and what the client is told of it. */
const faults: Readonly<
  Record<string, { readonly fault: HydraFault; readonly code: string; readonly message: string }>
> = {
  lost_in_setup: {
    fault: { kind: 'close', at: 'configure', code: 1008, reason: 'Not you.' },
    code: 'backend_closed',
    message: 'closed with 1008: Not you.',
  },
  lost_in_silence: {
    fault: { kind: 'drop', at: 'idle' },
    code: 'backend_closed',
    message: 'closed with 1006',
  },
  lost_in_speech: {
    fault: { kind: 'close', at: 'speech', code: 1013, reason: 'Full.' },
    code: 'backend_overloaded',
    message: 'closed with 1013: Full.',
  },
  lost_in_answer: {
    fault: { kind: 'close', at: 'audio', afterMs: 900, code: 1011, reason: 'Gone.' },
    code: 'backend_closed',
    message: 'closed with 1011: Gone.',
  },
  mad_in_answer: {
    fault: { kind: 'send', at: 'audio', afterMs: 900, text: '{' },
    code: 'backend_protocol',
    message: 'not JSON',
  },
  lost_in_tool: {
    fault: { kind: 'close', at: 'tool', code: 1000, reason: '' },
    code: 'backend_closed',
    message: 'closed with 1000',
  },
};

const agents: Readonly<Record<string, HydraStandInOptions>> = {
  shown: {},
  speaker: { answers: [{ words: 12 }] },
  listener: { answers: [{ words: 5 }] },
  talker: { answers: [{ words: 60 }, { words: 8 }] },
  actor: { answers: [{ tools }, { words: 6 }] },
  greeter: { answers: [{ words: 4 }] },
  steady: { answers: [{ words: 4 }] },
  sleeper: { answers: [{ words: 4 }], idleMs: 1500 },
  ...Object.fromEntries(
    Object.entries(faults).map(([name, { fault }]) => [
      name,
      { answers: name === 'lost_in_tool' ? [{ tools }] : [{ words: 40 }], fault },
    ]),
  ),
  full: { maxSessions: 0 },
  stranger: { apiKey: 'another' },
};

/** The stock client, the whole gateway, a stand-in an agent. Clock and sockets are real. */
describe('a gateway with hydra', () => {
  const upstreams = new Map<string, HydraStandIn>();
  const logged: string[] = [];
  let gateway: TestGateway;
  let ca: string;

  beforeAll(async () => {
    vi.stubEnv('HYDRA_TEST_KEY', key);
    for (const [name, options] of Object.entries(agents)) {
      upstreams.set(name, await startHydraStandIn({ apiKey: key, seed: 7, ...options }));
    }
    const config = {
      backends: Object.fromEntries(
        [...upstreams].map(([name, { url }]) => [
          name,
          { type: 'hydra', apiKeyEnv: 'HYDRA_TEST_KEY', url },
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
    const tls = await throwAwayCertificate();
    ca = tls.cert;
    gateway = await startGateway({ config: JSON.stringify(config), log, tls });
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
    vi.unstubAllEnvs();
  });

  const call = (agent: string, options: EarOptions = {}): Promise<Ear> =>
    Ear.connect(openAiWire({ url: gateway.url, model: agent, ca }), options);
  const upstream = (agent: string): HydraStandIn['sessions'][number] =>
    upstreams.get(agent)!.sessions.at(-1)!;

  describe('in calls of its own', { concurrent: true }, () => {
    it('is ready, and shows what is really in force', async () => {
      expect(gateway.reasons).toEqual([]);
      const ear = await call('shown');
      await ear.close();
      expect(ear.events[0]?.event['session']).toMatchObject({
        instructions: 'You are the shown.',
        output_modalities: ['audio'],
        audio: {
          input: {
            transcription: null,
            turn_detection: { create_response: true, interrupt_response: true },
          },
          output: { voice: 'zoe' },
        },
      });
    });

    it('answers recorded speech: every word is heard, once, and nothing else', async () => {
      const session = {
        type: 'realtime',
        instructions: 'Count.',
        audio: { output: { voice: 'leo' } },
      };
      const ear = await call('speaker', { session });
      const { speechEndMs } = ear.say(fixture('table').samples);
      const done = await ear.waitFor('response.done');
      await ear.untilQuiet(400);
      await ear.close();
      expect(ear.failures).toEqual([]);
      expect(heardOf(ear, { from: 0, words: 12 })).toEqual(clean);
      expect(ear.firstAudioMs(speechEndMs)).toBeLessThan(speechEndMs + 3000);
      // What was said in the order of the wire, without a word of text.
      expect(ear.types).toContain('input_audio_buffer.speech_stopped');
      expect(ear.types).not.toContain('conversation.item.input_audio_transcription.completed');
      expect(done.event['response']).toMatchObject({ status: 'completed' });
      const { config, violations } = upstream('speaker');
      expect(config).toMatchObject({ instructions: 'Count.', voice: 'leo' });
      expect(violations).toEqual([]);
    });

    it('hears a real speaker', async ({ skip }) => {
      if ('missing' in real) {
        skip(`real speech is not tried: ${real.missing}`);
        return;
      }
      const ear = await call('listener');
      ear.say(real.speech.samples);
      await ear.waitFor('response.done', { timeoutMs: 25_000 });
      await ear.untilQuiet(700);
      await ear.close();
      // A speaker who pauses is answered, and interrupts: the last answer is heard to its end.
      const numbers = hearNumbers(ear.recording().heard, 24_000).map(({ number }) => number);
      expect(numbers.length).toBeGreaterThanOrEqual(5);
      expect(upstream('listener').violations).toEqual([]);
      expect(ear.types.filter((type) => type === 'error')).toEqual([]);
    });

    it('is interrupted: silence at once, then the next answer, history as heard', async () => {
      const ear = await call('talker', { playout: { bufferMs: 100 } });
      ear.say(fixture('table').samples);
      await ear.untilPlaying(1500);
      const from = ear.events.length;
      const { speechStartMs } = ear.say(fixture('wait').samples);
      const started = await ear.waitFor('input_audio_buffer.speech_started', { from });
      const cancelled = await ear.waitFor('response.done', { from });
      const truncated = await ear.waitFor('conversation.item.truncated', { from });
      const after = ear.events.indexOf(cancelled) + 1;
      const second = await ear.waitFor('response.done', { from: after });
      await ear.untilQuiet(400);
      const itemId = String(truncated.event['item_id']);
      ear.send({ type: 'conversation.item.retrieve', item_id: itemId });
      const retrieved = await ear.waitFor('conversation.item.retrieved');
      await ear.close();
      expect(cancelled.event['response']).toMatchObject({
        status: 'cancelled',
        status_details: { reason: 'turn_detected' },
      });
      expect(second.event['response']).toMatchObject({ status: 'completed' });
      const heard = hearNumbers(ear.recording().heard, 24_000);
      const first = hearNumbers(ear.heard(0, started.atMs + 250), 24_000);
      // Nothing of the old answer after the cut; the new one in full, and in order.
      const numbers = heard.map(({ number }) => number);
      expect(numbers.slice(0, first.length)).toEqual(first.map(({ number }) => number));
      const next = numbers.slice(first.length);
      expect(next).toHaveLength(8);
      expect(next).toEqual(next.map((_, i) => next[0]! + i));
      expect(next[0]).toBeGreaterThan(first.length);
      expect(started.atMs - speechStartMs).toBeLessThan(700);
      expect(retrieved.event['item']).toMatchObject({ role: 'assistant', status: 'incomplete' });
      const audioEndMs = Number(truncated.event['audio_end_ms']);
      expect(audioEndMs).toBeGreaterThan(first.length * 260 - 300);
      expect(audioEndMs).toBeLessThan(first.length * 260 + 600);
      expect(upstream('talker').violations).toEqual([]);
    });

    it('calls two functions and is asked for one answer, after both', async () => {
      const definitions = tools.map(({ name }) => ({
        type: 'function',
        name,
        parameters: { type: 'object', properties: {} },
      }));
      const ear = await call('actor', { session: { type: 'realtime', tools: definitions } });
      ear.say(fixture('table').samples);
      const calls: WireCall[] = [];
      for (let from = 0; calls.length < 2;) {
        const called = await ear.waitFor(isFunctionCall, { from });
        calls.push(called.event['item'] as WireCall);
        from = ear.events.indexOf(called) + 1;
      }
      expect(calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(tools);
      const toolsDone = await ear.waitFor('response.done');
      const [one, two] = calls;
      const answer = (callId: string, output: string): void =>
        ear.send({
          type: 'conversation.item.create',
          item: { type: 'function_call_output', call_id: callId, output },
        });
      answer(one!.call_id, '3');
      // Asked too early: the other output is still to come.
      ear.send({ type: 'response.create' });
      await ear.pause(500);
      answer(two!.call_id, 'noon');
      await ear.waitFor('response.done', { from: ear.events.indexOf(toolsDone) + 1 });
      await ear.untilQuiet(400);
      await ear.close();
      expect(heardOf(ear, { from: 0, words: 6 })).toEqual(clean);
      const { outputs, received, violations } = upstream('actor');
      expect([...outputs.values()]).toEqual(['3', 'noon']);
      expect(received.filter(({ type }) => type === 'response.create')).toHaveLength(1);
      expect(violations).toEqual([]);
    });

    it('speaks first when the client asks for it before anything was said', async () => {
      const ear = await call('greeter');
      ear.send({ type: 'response.create' });
      await ear.waitFor('response.done');
      await ear.untilQuiet(400);
      await ear.close();
      expect(heardOf(ear, { from: 0, words: 4 })).toEqual(clean);
      expect(upstream('greeter').violations).toEqual([]);
    });

    it('refuses what the wire cannot do, each as a whole, and talks on', async () => {
      const ear = await call('steady');
      ear.say(fixture('table').samples);
      await ear.waitFor('response.done');
      await ear.untilQuiet(400);
      const refused = async (event: { readonly type: string }): Promise<unknown> => {
        const from = ear.events.length;
        ear.send(event);
        return (await ear.waitFor('error', { from })).event['error'];
      };
      const update = (session: object): { type: string; session: object } => ({
        type: 'session.update',
        session: { type: 'realtime', ...session },
      });
      const text = [{ type: 'input_text', text: 'Hello' }];
      const message = { type: 'message', role: 'user', content: text };
      const requests = [
        update({ instructions: 'Be someone else.' }),
        update({ tool_choice: 'required' }),
        update({ max_output_tokens: 50 }),
        update({ output_modalities: ['text'] }),
        update({ audio: { input: { turn_detection: null } } }),
        { type: 'response.create', response: { instructions: 'Whisper.' } },
        { type: 'response.create', response: { conversation: 'none' } },
        { type: 'conversation.item.create', item: message },
        { type: 'input_audio_buffer.commit' },
      ];
      for (const request of requests) {
        expect(await refused(request), JSON.stringify(request)).toMatchObject({
          code: 'unsupported_by_backend',
          message: expect.stringContaining('steady') as unknown,
        });
      }
      const from = ear.events.length;
      const definition = { type: 'function', name: 'f', parameters: { type: 'object' } };
      ear.send(update({ tools: [definition] }));
      await ear.waitFor('session.updated', { from });
      ear.say(fixture('thanks').samples);
      await ear.waitFor('response.done', { from });
      await ear.close();
      const { config, violations } = upstream('steady');
      expect(config).toMatchObject({ instructions: 'You are the steady.', tools: [{ name: 'f' }] });
      expect(violations).toEqual([]);
    });

    it('outlives the upstream’s idle limit, before and after it was used', async () => {
      const ear = await call('sleeper');
      await ear.pause(2500);
      ear.say(fixture('table').samples);
      await ear.waitFor('response.done');
      ear.microphone.stop();
      await ear.pause(2500);
      expect(ear.closed).toBeUndefined();
      await ear.close();
      expect(ear.types).not.toContain('error');
      expect(upstream('sleeper').violations).toEqual([]);
    });

    it.each(Object.entries(faults))(
      'with an upstream that is %s: one clear error, then the end',
      async (agent, { code, message }) => {
        const ear = await call(agent);
        ear.say(fixture('thanks').samples);
        const error = await ear.waitFor('error');
        expect(error.event['error']).toMatchObject({
          code,
          message: expect.stringContaining(message) as unknown,
        });
        await vi.waitFor(() => expect(ear.closed?.code).toBe(1011), { timeout: 5000 });
        expect(ear.types.filter((type) => type === 'error')).toHaveLength(1);
        // Nothing that had begun is left open.
        const count = (type: string): number => ear.types.filter((it) => it === type).length;
        expect(count('response.done')).toBe(count('response.created'));
      },
    );

    it.each([
      ['stranger', 'backend_refused', 'HTTP 401'],
      ['full', 'backend_overloaded', 'server_full'],
    ])('is not let in as %s: one clear error', async (agent, code, message) => {
      const ear = await call(agent);
      const error = await ear.waitFor('error');
      expect(error.event['error']).toMatchObject({
        code,
        message: expect.stringContaining(message) as unknown,
      });
      await vi.waitFor(() => expect(ear.closed?.code).toBe(1011), { timeout: 5000 });
      expect(JSON.stringify(ear.events)).not.toContain(key);
    });
  });

  it('keeps the key to itself', () => {
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.join('\n')).not.toContain(key);
    expect(logged.join('\n')).not.toContain(encodeURIComponent(key));
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

const clean: Count = { lost: [], repeated: [], unsaid: [], damaged: [] };

/** What the ear made of an answer that counts from `from`. */
function heardOf(
  ear: Ear,
  { from, words }: { readonly from: number; readonly words: number },
): Count {
  const said = Array.from({ length: words }, (_, i) => from + i);
  return countWords(said, hearNumbers(ear.recording().heard, 24_000));
}

function isFunctionCall(event: ServerEvent): boolean {
  if (event.type !== 'response.output_item.done') return false;
  return (event['item'] as { readonly type: string }).type === 'function_call';
}
