import { get } from 'node:https';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { hearNumbers } from '../ear/counted-speech.ts';
import { speakCounted, wordOf } from './counted-voice.ts';
import { startCartesiaStandIn } from '../upstream/tts/cartesia.ts';
import { startChatStandIn, type ChatStandIn } from '../upstream/llm/chat-server.ts';
import { startDeepgramStandIn } from '../upstream/stt/deepgram-server.ts';
import type { ChatRule } from '../upstream/llm/options.ts';
import type { SttStandIn } from '../upstream/stt/server.ts';
import type { VoiceStandIn } from '../upstream/tts/server.ts';
import { Ear } from '../ear/ear.ts';
import { openAiWire } from './openai-wire.ts';
import { prepareResampler } from '../../src/audio/resampler.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGeminiStandIn, type GeminiStandIn } from '../upstream/gemini/server.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';
import { throwAwayCertificate } from './stage.ts';
import type { CallRecord } from '../../src/ports/store.ts';

const rateHz = 24_000;
const words = 5;
const pair = { firstAudioMs: { p50: 150, p95: 250 }, callerText: 'counted' } as const;

let openai: StandIn;
let gemini: GeminiStandIn;
let parts: [SttStandIn, ChatStandIn, VoiceStandIn];
let gateway: TestGateway;
let certificate: { cert: string; key: string };

beforeAll(async () => {
  await prepareResampler();
  vi.stubEnv('STANDBY_KEY', 'sk-standby-secret');
  certificate = await throwAwayCertificate();
  openai = await startStandIn({ ...pair, answers: [{ count: words }], realTimeFactor: 2 });
  gemini = await startGeminiStandIn({ ...pair, answers: [{ count: words }], realTimeFactor: 2 });
  parts = await Promise.all([
    startDeepgramStandIn({ apiKey: null }),
    startChatStandIn({ answer: countOn }),
    startCartesiaStandIn({ speak: speakCounted }),
  ]);
  gateway = await startGateway({
    tls: certificate,
    config: JSON.stringify({
      backends: {
        openai: {
          type: 'openai-realtime',
          model: 'gpt-realtime-2.1',
          url: openai.url,
          apiKeyEnv: 'STANDBY_KEY',
        },
        gemini: { type: 'gemini-live', url: gemini.origin, apiKeyEnv: 'STANDBY_KEY' },
        cascade: {
          type: 'cascade',
          stt: { type: 'deepgram', model: 'nova-3', url: parts[0].url, apiKeyEnv: 'STANDBY_KEY' },
          llm: {
            type: 'openai-compatible',
            model: 'm',
            baseUrl: parts[1].url,
            apiKeyEnv: 'STANDBY_KEY',
          },
          tts: { type: 'cartesia', url: parts[2].url, apiKeyEnv: 'STANDBY_KEY' },
        },
      },
      agents: {
        forth: { backends: ['openai', 'gemini'], handover: { standby: 'always' } },
        back: { backends: ['gemini', 'openai'], handover: { standby: 'always' } },
        down: { backends: ['openai', 'cascade'], handover: { standby: 'always' } },
      },
    }),
  });
  expect(gateway.reasons).toEqual([]);
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([openai, gemini, ...parts].map((server) => server.close()));
  vi.unstubAllEnvs();
});

/** Ends the newest connection of an upstream in a way that its backend does not get over. */
const kill = {
  openai: () => openai.sessions.at(-1)!.close(1011, 'internal error'),
  gemini: () => gemini.sessions.at(-1)!.close(1008, 'policy'),
} as const;

function fetched(path: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  get(`${gateway.url}${path}`, { ca: certificate.cert }, (response) => {
    json(response).then(resolve, reject);
  }).on('error', reject);
  return promise;
}

/** Counts on from the last number in its history, in words that its voice says as counted speech. */
const countOn: ChatRule = ({ messages }) => {
  const said = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
  const last = (said.join(' ').match(/\d+/g) ?? []).map(Number).at(-1) ?? 0;
  return { text: `${Array.from({ length: words }, (_, i) => wordOf(last + 1 + i)).join(' ')}.` };
};

/** A figure of a backend as its operator sees it. */
async function figure(backend: string, name: string): Promise<number | undefined> {
  const { backends } = (await fetched('/api/backends')) as {
    backends: { name: string; figures: Record<string, number> }[];
  };
  return backends.find((each) => each.name === backend)?.figures[name];
}

it.each([
  ['forth', 'openai', 'gemini'],
  ['back', 'gemini', 'openai'],
  ['down', 'openai', 'cascade'],
] as const)('%s: the session that stood by goes on counting', async (model, dying, next) => {
  let callId = '';
  const wire = openAiWire({
    url: gateway.url,
    model,
    ca: certificate.cert,
    onCallId: (id) => (callId = id),
  });
  const ear = await Ear.connect(wire, {
    session: {
      type: 'realtime',
      audio: { input: { turn_detection: null, transcription: { model: 'any' } } },
    },
    line: { noiseDbfs: null },
  });
  onTestFinished(() => ear.close());
  await ear.waitFor('session.updated');
  const answered = async (times: number): Promise<void> => {
    ear.send({ type: 'response.create' });
    const done = (): number => ear.types.filter((type) => type === 'response.done').length;
    await expect.poll(done, { timeout: 10_000 }).toBe(times);
    await ear.untilQuiet(500);
  };
  await answered(1);
  kill[dying]();
  await answered(2);
  const record = (await fetched(`/api/calls/${callId}`)) as CallRecord;
  const heard = hearNumbers(ear.recording().heard, rateHz);
  const numbers = heard.map(({ number }) => number);
  expect(numbers).toEqual(Array.from({ length: 2 * words }, (_, place) => place + 1));
  expect(ear.types).not.toContain('error');
  expect(ear.failures).toEqual([]);
  await ear.close();
  const { events } = record;
  const adopted = events.filter(({ type }) => type === 'standby.closed');
  expect(adopted).toMatchObject([{ backend: next, outcome: 'adopted' }]);
  expect(await figure(next, 'standbysAdopted')).toBeGreaterThan(0);
  const ready = events.filter(({ type }) => type === 'backend.ready');
  expect(ready.at(-1)).toMatchObject({ backend: next, openMs: 0 });
  expect(events.filter(({ type }) => type === 'handover.done')).toHaveLength(1);
  // Nobody stands by for a call that is over.
  await expect.poll(() => figure(dying, 'standbys'), { timeout: 5000 }).toBe(0);
});
