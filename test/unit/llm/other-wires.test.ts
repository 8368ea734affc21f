import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { anthropicLlm, anthropicLlmOptions } from '../../../adapters/speech/llm/anthropic/index.ts';
import { googleLlm, googleLlmOptions } from '../../../adapters/speech/llm/google/index.ts';
import {
  openAiLlm,
  openAiLlmOptions,
} from '../../../adapters/speech/llm/openai-compatible/index.ts';
import type { LanguageModelPort, ModelEvent } from '../../../src/ports/language-model.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { startChatStandIn } from '../../upstream/llm/chat-server.ts';
import { readJson, startHttpStandIn } from '../../upstream/llm/http-stand-in.ts';
import { asking, rigKey } from '../../upstream/llm/rig.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const surroundings = {
  clock: systemClock,
  env: { RIG_KEY: rigKey },
  readText: () => Promise.reject(new Error('no file is to be read here')),
  resolvePath: (path: string) => path,
  pulledModel: () => null,
};

interface Asked {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** A server that says this to every request, and keeps what it was asked. */
async function says(events: readonly string[]): Promise<{ origin: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = await startHttpStandIn(async (request, response) => {
    asked.push({
      url: request.url ?? '',
      headers: request.headers,
      body: await readJson(request),
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(events.join(''));
  });
  closing.push(() => server.close());
  return { origin: server.origin, asked };
}

const parameters = { type: 'object', properties: { nights: { type: 'integer' } } } as const;
const history = asking('', {
  messages: [
    { role: 'system', text: 'Keep answers short.' },
    { role: 'assistant', text: 'Good evening!' },
    { role: 'user', text: 'A room.' },
    {
      role: 'assistant.tools',
      text: '',
      calls: [{ toolCallId: 'call_1', name: 'book', arguments: '{"nights":1}' }],
    },
    { role: 'tool', toolCallId: 'call_1', name: 'book', output: 'full' },
    { role: 'system', text: 'The caller is in a hurry.' },
    { role: 'user', text: 'Two nights, then.' },
  ],
  tools: [{ name: 'book', description: 'Books a room.', parameters }],
  maxOutputTokens: 100,
});

async function written(port: LanguageModelPort): Promise<readonly ModelEvent[]> {
  closing.push(() => port.close());
  const events: ModelEvent[] = [];
  for await (const event of port.write(history, new AbortController().signal)) events.push(event);
  return events;
}

const expected = [
  { type: 'text', delta: 'One ' },
  { type: 'text', delta: 'moment.' },
  { type: 'tool_call', call: { name: 'book', arguments: '{"nights":2}' } },
  {
    type: 'done',
    finish: 'tool_calls',
    usage: { inputTokens: 30, inputCachedTokens: 10, outputTokens: 9 },
  },
];

test("Anthropic's wire: text, a tool call, usage; its rules of history", async () => {
  const event = (type: string, more: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const text = (delta: string): string =>
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: delta } });
  const json = (delta: string): string =>
    event('content_block_delta', {
      index: 1,
      delta: { type: 'input_json_delta', partial_json: delta },
    });
  const usage = { input_tokens: 20, cache_read_input_tokens: 10, output_tokens: 1 };
  const tool = { type: 'tool_use', id: 'toolu_1', name: 'book', input: {} };
  const { origin, asked } = await says([
    event('message_start', {
      message: {
        ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [] },
        ...{ stop_reason: null, usage },
      },
    }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('ping', {}),
    text('One '),
    text('moment.'),
    event('content_block_stop', { index: 0 }),
    event('content_block_start', { index: 1, content_block: tool }),
    json('{"nig'),
    json('hts":2}'),
    event('content_block_stop', { index: 1 }),
    event('message_delta', { delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } }),
    event('message_stop', {}),
  ]);
  const options = { baseUrl: `${origin}/v1`, model: 'claude', apiKeyEnv: 'RIG_KEY' };
  const events = await written(anthropicLlm(anthropicLlmOptions.parse(options), surroundings));
  expect(events).toMatchObject(expected);
  expect(asked[0]).toMatchObject({
    url: '/v1/messages',
    headers: { 'x-api-key': rigKey, 'anthropic-version': '2023-06-01' },
    body: { max_tokens: 100, stream: true, system: [{ text: 'Keep answers short.' }] },
  });
  const { messages } = asked[0]!.body as { messages: readonly { role: string }[] };
  expect(messages.map(({ role }) => role)).toEqual([
    ...['user', 'assistant', 'user', 'assistant', 'user'],
  ]);
});

test("Google's wire: text, a tool call, usage; its rules of history", async () => {
  const data = (parts: readonly object[], more: object = {}): string =>
    `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts }, ...more }], usageMetadata: { promptTokenCount: 30, cachedContentTokenCount: 10, candidatesTokenCount: 9, totalTokenCount: 39 } })}\r\n\r\n`;
  const { origin, asked } = await says([
    data([{ text: 'One ' }]),
    data([{ text: 'moment.' }]),
    data([{ functionCall: { name: 'book', args: { nights: 2 } } }], { finishReason: 'STOP' }),
  ]);
  const options = { baseUrl: `${origin}/v1beta`, model: 'gemini', apiKeyEnv: 'RIG_KEY' };
  const events = await written(googleLlm(googleLlmOptions.parse(options), surroundings));
  expect(events).toMatchObject(expected);
  expect(asked[0]).toMatchObject({
    url: '/v1beta/models/gemini:streamGenerateContent?alt=sse',
    headers: { 'x-goog-api-key': rigKey },
    body: { systemInstruction: { parts: [{ text: 'Keep answers short.' }] } },
  });
  const { contents } = asked[0]!.body as { contents: readonly { role: string }[] };
  expect(contents[0]!.role).toBe('user');
});

test('OpenAI itself is told the limit by the name that its newer models know', async () => {
  const server = await startChatStandIn({ refusesMaxTokens: true, apiKey: rigKey });
  closing.push(() => server.close());
  const options = { baseUrl: server.url, model: 'gpt', apiKeyEnv: 'RIG_KEY' };
  const events = await written(openAiLlm(openAiLlmOptions.parse(options), surroundings));
  expect(events.at(-1)).toMatchObject({ type: 'done', finish: 'stop' });
  expect(server.stats.lastBody).toMatchObject({ max_completion_tokens: 100 });
});
