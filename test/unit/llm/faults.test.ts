import { afterEach, describe, expect, test } from 'vitest';
import { HttpRefusal } from '../../../adapters/shared/http-refusal.ts';
import type { ChatFault, ChatStandInOptions } from '../../upstream/llm/options.ts';
import { asking, ChatRig, rigKey } from '../../upstream/llm/rig.ts';
import { countOn } from '../../upstream/llm/rules.ts';

const rigs: ChatRig[] = [];

async function start(options: ChatStandInOptions = {}, model: object = {}): Promise<ChatRig> {
  const rig = await ChatRig.start(options, model);
  rigs.push(rig);
  return rig;
}

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

const refusals: readonly (readonly [number, unknown, string, string])[] = [
  [400, { error: { message: 'context too long' } }, 'backend_refused', 'context too long'],
  [401, { error: { message: `bad ${rigKey}`, code: 'invalid_api_key' } }, 'backend_refused', 'bad'],
  [404, { error: 'model "x" not found' }, 'backend_refused', 'model "x" not found'],
  [422, { detail: 'field required' }, 'backend_refused', 'field required'],
  [500, 'Internal Server Error', 'backend_refused', 'HTTP 500'],
  [503, { message: 'Loading model' }, 'backend_overloaded', 'Loading model'],
];

describe('a refusal', () => {
  test.each(refusals)('HTTP %i is told in its own words', async (status, body, code, words) => {
    const rig = await start({ fault: { kind: 'refuse', status, body } });
    const { error } = await rig.write(asking('Go.'));
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(words);
    expect(error?.message).not.toContain(rigKey);
    expect(rig.server.stats.requests).toHaveLength(1);
  });

  test('429 says how long it wants to be left alone, and is not asked again', async () => {
    const body = { error: { message: 'Rate limit reached' } };
    const headers = { 'retry-after': '7' };
    const rig = await start({ fault: { kind: 'refuse', status: 429, body, headers } });
    const { error } = await rig.write(asking('Go.'));
    expect(error).toBeInstanceOf(HttpRefusal);
    expect(error).toMatchObject({ code: 'backend_overloaded', status: 429, retryAfterMs: 7000 });
    await rig.pass(20_000);
    expect(rig.server.stats.requests).toHaveLength(1);
  });

  test('prepare tells a key that is turned down, and bears a server without models', async () => {
    const rig = await start({ apiKey: 'another' });
    await expect(rig.port.prepare(new AbortController().signal)).rejects.toMatchObject({
      code: 'backend_refused',
    });
    const gone = await start({}, { baseUrl: 'http://127.0.0.1:1/v1' });
    await expect(gone.port.prepare(new AbortController().signal)).rejects.toThrow('ECONNREFUSED');
  });

  test('a variable that is not set is named', async () => {
    const rig = await start({}, { apiKeyEnv: 'NOT_SET' });
    const { error } = await rig.write(asking('Go.'));
    expect(error).toMatchObject({ code: 'model_unavailable' });
    expect(error?.message).toContain('NOT_SET');
  });
});

const broken: readonly (readonly [string, ChatFault, string, string])[] = [
  ['cut before the first token', { kind: 'cut', tokens: 0 }, 'backend_closed', 'cut'],
  ['cut in the middle', { kind: 'cut', tokens: 4 }, 'backend_closed', 'cut'],
  ['garbage', { kind: 'send', tokens: 2, text: 'data: {nonsense\n\n' }, 'backend_protocol', ''],
  [
    'an error in the middle',
    { kind: 'send', tokens: 2, text: 'data: {"error":{"message":"CUDA out of memory"}}\n\n' },
    'backend_refused',
    'CUDA out of memory',
  ],
  [
    'an error as text',
    { kind: 'send', tokens: 2, text: 'data: {"error":"llama runner died"}\n\n' },
    'backend_refused',
    'llama runner died',
  ],
  ['a page of a proxy', { kind: 'page' }, 'backend_protocol', 'text/html'],
  ['an orderly end before the end', { kind: 'end', tokens: 4 }, 'backend_closed', 'without saying'],
  ['nothing at all', { kind: 'end', tokens: 0 }, 'backend_closed', 'without saying'],
];

test.each(broken)('a broken answer: %s', async (_name, fault, code, words) => {
  const rig = await start({ fault });
  const { error } = await rig.write(asking('Go.'));
  expect(error).toMatchObject({ code });
  expect(error?.message).toContain(words);
  expect(error?.message).not.toContain(rigKey);
  await rig.pass(200);
  expect(rig.server.stats.active).toBe(0);
});

describe('deadlines', () => {
  const timeouts = { firstTokenMs: 800, idleMs: 400 };

  test.each([{ kind: 'hang' }, { kind: 'hang_after', tokens: 0 }] as const)(
    'no first token: %o',
    async (fault) => {
      const rig = await start({ fault }, { timeouts });
      const { error } = await rig.write(asking('Go.'));
      expect(error).toMatchObject({ code: 'backend_stalled' });
      expect(error?.message).toContain('800 ms');
      expect(rig.clock.nowMs()).toBeLessThan(1200);
      await rig.pass(100);
      expect(rig.server.stats.aborted).toBe(1);
      expect(rig.port.figures()).toMatchObject({ answersStalled: 1 });
    },
  );

  test('silence between tokens', async () => {
    const rig = await start({ fault: { kind: 'hang_after', tokens: 3 } }, { timeouts });
    const { error, text } = await rig.write(asking('Go.'));
    expect(error).toMatchObject({ code: 'backend_stalled' });
    expect(error?.message).toContain('400 ms');
    expect(text).toBe('1, 2, 3,');
  });

  test('a server that says that it lives is waited for, once it has begun', async () => {
    const alive: ChatFault = { kind: 'keep_alives_after', tokens: 3, everyMs: 100 };
    const rig = await start({ fault: alive }, { timeouts });
    const giveUp = new AbortController();
    const writing = rig.write(asking('Go.'), giveUp.signal);
    await rig.pass(3000);
    giveUp.abort();
    expect((await writing).error).toBeNull();
  });

  test('leave no timer behind', async () => {
    const rig = await start();
    await rig.write(asking('Go.'));
    await rig.pass(1500);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('connections', () => {
  test('are used again, also after prepare', async () => {
    const rig = await start({ answer: countOn(30) });
    await rig.port.prepare(new AbortController().signal);
    await rig.pass(100);
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await rig.write(asking('Go.'))).error).toBeNull();
      await rig.pass(40);
    }
    expect(rig.server.connectionsTotal).toBe(1);
    expect(rig.port.figures()).toMatchObject({ connectionsOpened: 1, connectionsReused: 5 });
  });

  test('that the server has closed meanwhile are replaced without a fault', async () => {
    const rig = await start();
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await rig.write(asking('Go.'))).error).toBeNull();
      await rig.pass(40);
      rig.server.dropConnections();
    }
    expect(rig.server.connectionsTotal).toBe(3);
  });
});

test('the request is what was asked for', async () => {
  const rig = await start(
    {},
    {
      temperature: 0.4,
      headers: { 'x-tenant': 'hotel' },
      extraBody: { chat_template_kwargs: { enable_thinking: false } },
      promptCacheKey: 'front-desk',
    },
  );
  const parameters = { type: 'object', properties: {} };
  const tools = [{ name: 'book', description: 'Books.', parameters }];
  const toolChoice = { mode: 'tool', name: 'book' } as const;
  await rig.write(asking('Go.', { tools, toolChoice, maxOutputTokens: 50 }));
  expect(rig.server.stats.lastBody).toEqual({
    model: 'stand-in',
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0.4,
    max_tokens: 50,
    prompt_cache_key: 'front-desk',
    chat_template_kwargs: { enable_thinking: false },
    messages: [{ role: 'user', content: 'Go.' }],
    tools: [{ type: 'function', function: { name: 'book', description: 'Books.', parameters } }],
    tool_choice: { type: 'function', function: { name: 'book' } },
  });
  expect(rig.server.stats.requests[0]!.headers['x-tenant']).toBe('hotel');
});

test('the history decides: it counts on from what it is shown', async () => {
  const rig = await start({ answer: countOn(3) });
  const messages = [
    { role: 'user', text: 'Count.' },
    { role: 'assistant', text: '1, 2' },
    { role: 'user', text: 'Go on.' },
  ] as const;
  expect((await rig.write(asking('', { messages }))).text).toBe('3, 4, 5.');
});

test('a tool output without its call is refused as by the original', async () => {
  const rig = await start();
  const messages = [{ role: 'tool', toolCallId: 'call_9', name: 'book', output: 'ok' }] as const;
  const { error } = await rig.write(asking('', { messages }));
  expect(error?.message).toContain("role 'tool' must be a response");
});
