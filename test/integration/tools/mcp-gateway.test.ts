import { execPath } from 'node:process';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { BadClient } from '../../bad-input/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { everythingPath, EverythingOverHttp } from '../../upstream/tools/everything.ts';
import { startGeminiStandIn, type GeminiStandIn } from '../../upstream/gemini/server.ts';
import { startChatStandIn, type ChatStandIn } from '../../upstream/llm/chat-server.ts';
import { startStandIn, type StandIn } from '../../upstream/openai-realtime-server.ts';
import { startDeepgramStandIn } from '../../upstream/stt/deepgram-server.ts';
import { startCartesiaStandIn } from '../../upstream/tts/cartesia.ts';

const key = 'sk-mcp-gateway-secret';
const sum = { name: 'get-sum', arguments: { a: 2, b: 3 } };
const then = 'That makes five.';
let everything: EverythingOverHttp;
let upstream: StandIn;
let gemini: GeminiStandIn;
let cascade: Cascade;
let gateway: TestGateway;

interface Cascade {
  readonly stt: Awaited<ReturnType<typeof startDeepgramStandIn>>;
  readonly llm: ChatStandIn;
  readonly tts: Awaited<ReturnType<typeof startCartesiaStandIn>>;
}

async function startCascade(): Promise<Cascade> {
  const asked = { name: sum.name, arguments: JSON.stringify(sum.arguments) };
  return {
    stt: await startDeepgramStandIn({ apiKey: key }),
    llm: await startChatStandIn({
      apiKey: key,
      answer: ({ messages, tools }) =>
        messages.at(-1)?.role !== 'tool' && tools.includes(sum.name)
          ? { calls: [asked] }
          : { text: then },
    }),
    tts: await startCartesiaStandIn({ apiKey: key }),
  };
}

beforeAll(async () => {
  vi.stubEnv('MCP_GATEWAY_KEY', key);
  everything = await EverythingOverHttp.open();
  const tool = { name: sum.name, arguments: JSON.stringify(sum.arguments) };
  upstream = await startStandIn({ apiKey: key, answers: [{ tool }, { text: then }] });
  const call = { name: sum.name, args: sum.arguments };
  gemini = await startGeminiStandIn({ apiKey: key, answers: [{ tools: [call] }, { text: then }] });
  cascade = await startCascade();
  const { stt, llm, tts } = cascade;
  const apiKeyEnv = 'MCP_GATEWAY_KEY';
  const backends = {
    acting: { type: 'rehearsal', script: { turns: [{ tool: sum, then: { text: '{output}' } }] } },
    hosted: {
      type: 'openai-realtime',
      model: 'gpt-realtime-2.1',
      apiKeyEnv,
      url: upstream.url,
    },
    gemini: { type: 'gemini-live', apiKeyEnv, url: gemini.origin },
    cascade: {
      type: 'cascade',
      stt: { type: 'deepgram', model: 'flux-general-en', apiKeyEnv, url: stt.url },
      llm: { type: 'openai-compatible', model: 'stand-in', apiKeyEnv, baseUrl: llm.url },
      tts: { type: 'cartesia', apiKeyEnv, url: tts.url },
    },
  };
  const quiet = { preamble: 'none', fillers: [] };
  const stdio = { mcp: { command: execPath, args: [everythingPath, 'stdio'] }, ...quiet };
  const http = { mcp: { url: everything.url }, allowPrivateAddresses: true, ...quiet };
  const agents = Object.fromEntries<object>(
    Object.keys(backends).flatMap((name) => [
      [`${name}-stdio`, { backends: [name], tools: [stdio] }],
      [`${name}-http`, { backends: [name], tools: [http] }],
    ]),
  );
  gateway = await startGateway({ config: JSON.stringify({ backends, agents }) });
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
  await gemini.close();
  await Promise.all([cascade.stt.close(), cascade.llm.close(), cascade.tts.close()]);
  await everything.close();
  vi.unstubAllEnvs();
});

const result = 'The sum of 2 and 3 is 5.';

it.each([
  ['acting-stdio', 'text', result],
  ['acting-http', 'text', result],
  ['hosted-stdio', 'text', then],
  ['hosted-http', 'text', then],
  ['gemini-stdio', 'audio', then],
  ['gemini-http', 'audio', then],
  ['cascade-stdio', 'text', then],
  ['cascade-http', 'text', then],
])('the reference server serves an agent: %s', async (agent, modality, answer) => {
  const client = await BadClient.open(`${gateway.wsUrl}/v1/realtime?model=${agent}`);
  client.send({
    type: 'session.update',
    session: { type: 'realtime', output_modalities: [modality] },
  });
  const updated = await client.next('session.updated');
  const { tools } = updated['session'] as { tools: readonly { name: string }[] };
  expect(tools.map(({ name }) => name)).toContain('get-sum');
  client.send({ type: 'response.create' });
  const isText = modality === 'text';
  const said = isText ? 'response.output_text.done' : 'response.output_audio_transcript.done';
  expect((await client.next(said))[isText ? 'text' : 'transcript']).toBe(answer);
  const outputs = client.events.flatMap(({ type, item }) => {
    const { output } = (item ?? {}) as { output?: string };
    return type === 'conversation.item.done' && output !== undefined ? [output] : [];
  });
  expect(outputs).toEqual([result]);
  await client.close();
});
