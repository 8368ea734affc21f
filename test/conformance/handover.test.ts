import { get } from 'node:https';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { countedSpeech, countWords, hearNumbers } from '../ear/counted-speech.ts';
import { speakCounted, wordOf } from './counted-voice.ts';
import { startCartesiaStandIn } from '../upstream/tts/cartesia.ts';
import { startChatStandIn, type ChatStandIn } from '../upstream/llm/chat-server.ts';
import { startDeepgramStandIn } from '../upstream/stt/deepgram-server.ts';
import type { ChatRule } from '../upstream/llm/options.ts';
import type { SttStandIn } from '../upstream/stt/server.ts';
import type { VoiceStandIn } from '../upstream/tts/server.ts';
import { Ear, type EarOptions } from '../ear/ear.ts';
import { openAiWire } from './openai-wire.ts';
import { prepareResampler } from '../../src/audio/resampler.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGeminiStandIn, type GeminiStandIn } from '../upstream/gemini/server.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';
import { throwAwayCertificate } from './stage.ts';
import type { CallRecord } from '../../src/ports/store.ts';

const rateHz = 24_000;
const words = 8;
const pair = { firstAudioMs: { p50: 150, p95: 250 }, callerText: 'counted' } as const;

let openai: StandIn;
let gemini: GeminiStandIn;
let parts: [SttStandIn, ChatStandIn, VoiceStandIn];
let gateway: TestGateway;
let certificate: { cert: string; key: string };

beforeAll(async () => {
  await prepareResampler();
  vi.stubEnv('HANDOVER_KEY', 'sk-handover-secret');
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
          apiKeyEnv: 'HANDOVER_KEY',
        },
        gemini: { type: 'gemini-live', url: gemini.origin, apiKeyEnv: 'HANDOVER_KEY' },
        cascade: {
          type: 'cascade',
          stt: { type: 'deepgram', model: 'nova-3', url: parts[0].url, apiKeyEnv: 'HANDOVER_KEY' },
          llm: {
            type: 'openai-compatible',
            model: 'm',
            baseUrl: parts[1].url,
            apiKeyEnv: 'HANDOVER_KEY',
          },
          tts: { type: 'cartesia', url: parts[2].url, apiKeyEnv: 'HANDOVER_KEY' },
        },
      },
      agents: {
        forth: { backends: ['openai', 'gemini'] },
        back: { backends: ['gemini', 'openai'] },
        down: { backends: ['openai', 'cascade'] },
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

/** A call of the stock client that loses its backend at a moment of the caller's choice. */
async function talk(
  model: string,
  moment: (ear: Ear) => Promise<void>,
  options: EarOptions = {},
): Promise<{ ear: Ear; numbers: readonly number[]; record: CallRecord }> {
  const wire = openAiWire({ url: gateway.url, model, ca: certificate.cert });
  const ear = await Ear.connect(wire, {
    session: {
      type: 'realtime',
      audio: { input: { turn_detection: null, transcription: { model: 'any' } } },
    },
    line: { noiseDbfs: null },
    ...options,
  });
  await ear.waitFor('session.updated');
  await moment(ear);
  await ear.untilQuiet(1500);
  const heard = hearNumbers(ear.recording().heard, rateHz);
  const numbers = heard.map(({ number }) => number);
  const count = countWords(numbers, heard);
  expect(count.repeated).toEqual([]);
  await ear.close();
  return { ear, numbers, record: await newestRecord() };
}

/** The record of the newest call. */
async function newestRecord(): Promise<CallRecord> {
  const list = (await fetched('/api/calls')) as { calls: { callId: string }[] };
  const [newest] = list.calls;
  return (await fetched(`/api/calls/${newest?.callId ?? ''}`)) as CallRecord;
}

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

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Answers that the client was shown, by how they ended. */
const endings = (ear: Ear): unknown[] =>
  ear.events.flatMap(({ event }) =>
    event.type === 'response.done' ? [(event['response'] as { status: string }).status] : [],
  );

describe('a stock client whose backend is lost', () => {
  it.each([
    ['forth', 'openai', 'gemini'],
    ['back', 'gemini', 'openai'],
    ['down', 'openai', 'cascade'],
  ] as const)('%s: mid-word, the next one goes on counting', async (model, dying, next) => {
    const { ear, numbers, record } = await talk(model, async (it) => {
      it.send({ type: 'response.create' });
      await it.untilPlaying(700);
      kill[dying]();
      await it.waitFor('response.done');
    });
    expect(numbers).toEqual(upTo(numbers.length));
    expect(numbers.length).toBeGreaterThan(words);
    expect(endings(ear)).toEqual(['incomplete', 'completed']);
    expect(ear.failures).toEqual([]);
    expect(ear.types).not.toContain('error');
    expect(record.handovers).toMatchObject([{ from: dying, to: next, cause: 'backend_closed' }]);
    const [done] = record.events.filter(({ type }) => type === 'handover.done');
    expect(done).toMatchObject({ from: dying, to: next, gapMs: record.handovers[0]?.gapMs });
    // Nothing at all where the old one's sound lasted until then.
    // The next one's own first audio is in it, and nothing else that takes long.
    expect(record.handovers[0]?.gapMs).toBeGreaterThanOrEqual(0);
    expect(record.handovers[0]?.gapMs).toBeLessThan(3000);
  });

  it('sees one answer where none had begun, and what the caller said is understood', async () => {
    const { samples } = countedSpeech({ firstNumber: 1, words: 5, rateHz });
    const { ear, numbers, record } = await talk('forth', async (it) => {
      await it.say(samples).left;
      it.send({ type: 'input_audio_buffer.commit' });
      it.send({ type: 'response.create' });
      await it.waitFor('response.created');
      kill.openai();
      await it.waitFor('response.done');
    });
    expect(endings(ear)).toEqual(['completed']);
    expect(numbers).toEqual(upTo(words));
    expect(record.turns[0]?.userText).toBe('1 2 3 4 5');
    expect(ear.types.filter((type) => type === 'input_audio_buffer.committed')).toHaveLength(1);
  });
});
