import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { backendSchemas } from '../../src/composition/backend-types.ts';
import { readConfig } from '../../src/server/config.ts';
import { Ear } from '../ear/ear.ts';
import { fixture, speechRateHz } from '../ear/speech.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startChatStandIn } from '../upstream/llm/chat-server.ts';
import { startStandIn } from '../upstream/openai-realtime-server.ts';
import { startDeepgramStandIn } from '../upstream/stt/deepgram-server.ts';
import { HttpToolServer } from '../upstream/tools/http-tool-server.ts';
import { startCartesiaStandIn } from '../upstream/tts/cartesia.ts';
import { openAiWire } from './openai-wire.ts';
import { throwAwayCertificate } from './stage.ts';
import { together } from './together.ts';

/** Every environment variable that the example names. */
const keys = {
  OPENAI_API_KEY: 'sk-readme-openai',
  DEEPGRAM_API_KEY: 'readme-deepgram',
  CARTESIA_API_KEY: 'readme-cartesia',
  HOTEL_TOKEN: 'readme-hotel',
};
const roomWords = 'Room twelve is free.';
const hoursWords = 'We are open until ten.';

interface Example {
  readonly backends: {
    readonly realtime: Record<string, unknown>;
    readonly parts: Readonly<Record<'stt' | 'llm' | 'tts', Record<string, unknown>>>;
  };
  readonly agents: Readonly<Record<string, { readonly tools: readonly ExampleTool[] }>>;
}

interface ExampleTool {
  readonly http?: { url: string };
  allowPrivateAddresses?: boolean;
}

/** The first YAML block under the heading, as printed. */
function printed(): string {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const text = /\n## Two agents\n[\s\S]*?```yaml\n([\s\S]*?)```/.exec(readme)?.[1];
  if (text === undefined) throw new Error('the README has no example of two agents');
  return text;
}

describe('the README’s two agents', () => {
  const opened: { close(): Promise<void> | void }[] = [];
  let gateway: TestGateway;
  let hotel: HttpToolServer;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    for (const [name, key] of Object.entries(keys)) vi.stubEnv(name, key);
    hotel = await keep(
      HttpToolServer.open({
        '/rooms': { body: '{"room":12}' },
        '/hours/today': { body: '{"until":"22:00"}' },
      }),
    );
    const tls = await throwAwayCertificate();
    gateway = await keep(startGateway({ config: await atStandIns(printed()), tls }));
    talks = startTalks(gateway.url, tls.cert);
  });
  afterAll(async () => {
    for (const each of opened.toReversed()) await each.close();
    vi.unstubAllEnvs();
  });

  it('are a configuration without problems, as printed', () => {
    const result = readConfig(printed(), {
      env: keys,
      backendSchemas,
      readFile: () => {
        throw new Error('it names no file');
      },
    });
    expect(result).toMatchObject({ ok: true });
    expect(gateway.reasons).toEqual([]);
  });

  it('the realtime one finds a room', async () => {
    const { said } = await talks.concierge();
    expect(said.at(-1)).toBe(roomWords);
    const { method, body, headers } = hotel.requests.find(({ path }) => path === '/rooms')!;
    expect([method, body, headers['authorization']]).toEqual([
      'POST',
      '{"beds":2}',
      `Bearer ${keys.HOTEL_TOKEN}`,
    ]);
  });

  it('the cascaded one knows when the desk is open', async () => {
    const { said } = await talks['night-desk']();
    expect(said.at(-1)?.trim()).toBe(hoursWords);
    const asked = hotel.requests.filter(({ path }) => path === '/hours/today');
    expect(asked.map(({ method }) => method)).toEqual(['GET']);
  });

  async function keep<Opened extends { close(): Promise<void> | void }>(
    opening: Promise<Opened>,
  ): Promise<Opened> {
    const made = await opening;
    opened.push(made);
    return made;
  }

  /** The same file with the addresses of servers on this machine, and nothing else changed. */
  async function atStandIns(text: string): Promise<string> {
    const { backends, agents } = parse(text) as Example;
    const { OPENAI_API_KEY: openAiKey } = keys;
    const room = { name: 'find_room', arguments: '{"beds":2}' };
    const realtime = await keep(
      startStandIn({ apiKey: openAiKey, answers: [{ tool: room }, { text: roomWords }] }),
    );
    const { text: words, samples } = fixture('table');
    const durationMs = samples.length / (speechRateHz / 1000) - 300;
    const stt = await keep(
      startDeepgramStandIn({
        apiKey: keys.DEEPGRAM_API_KEY,
        script: { kind: 'told', utterances: [{ text: words, durationMs }] },
      }),
    );
    const llm = await keep(
      startChatStandIn({
        apiKey: openAiKey,
        answer: ({ messages }) =>
          messages.at(-1)?.role === 'tool'
            ? { text: hoursWords }
            : { calls: [{ name: 'opening_hours', arguments: '{"day":"today"}' }] },
      }),
    );
    const tts = await keep(startCartesiaStandIn({ apiKey: keys.CARTESIA_API_KEY }));
    backends.realtime['url'] = realtime.url;
    backends.parts.stt['url'] = stt.url;
    backends.parts.llm['baseUrl'] = llm.url;
    backends.parts.tts['url'] = tts.url;
    for (const tool of Object.values(agents).flatMap(({ tools }) => tools)) {
      if (tool.http === undefined) continue;
      tool.http.url = tool.http.url.replace('https://hotel.example', hotel.url);
      tool.allowPrivateAddresses = true;
    }
    return JSON.stringify({ backends, agents });
  }
});

function startTalks(url: string, ca: string) {
  const talk = async (model: string, last: string): Promise<{ readonly said: string[] }> => {
    const ear = await Ear.connect(openAiWire({ url, model, ca }), {
      session: { type: 'realtime' },
    });
    ear.say(fixture('table').samples);
    const wordsOf = (event: {
      readonly type: string;
      readonly [key: string]: unknown;
    }): string[] =>
      event.type === 'response.output_audio_transcript.done' ? [String(event['transcript'])] : [];
    await ear.waitFor((event) => wordsOf(event)[0]?.trim() === last);
    await ear.untilQuiet(300);
    await ear.close();
    return { said: ear.events.flatMap(({ event }) => wordsOf(event)) };
  };
  return together({
    concierge: () => talk('concierge', roomWords),
    'night-desk': () => talk('night-desk', hoursWords),
  });
}
