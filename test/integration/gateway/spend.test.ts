import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CallRecord } from '../../../src/ports/store.ts';
import type { UsageKind } from '../../../src/ports/usage.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { refused } from '../../support/raw-socket.ts';
import { runScript, SpendCaller } from '../../support/spend-caller.ts';
import { startGeminiStandIn, type GeminiStandIn } from '../../upstream/gemini/server.ts';
import { startChatStandIn, type ChatStandIn } from '../../upstream/llm/chat-server.ts';
import { startStandIn, type StandIn } from '../../upstream/openai-realtime-server.ts';
import { startSpeechStandIn, type SpeechStandIn } from '../../upstream/openai-speech/server.ts';
import { startWhisperStandIn, type WhisperStandIn } from '../../upstream/stt/whisper-server.ts';

const env = { SPEND_KEY: 'spend-secret', CALLER_KEY: 'caller-secret', POOR_KEY: 'poor-secret' };
const key = env.CALLER_KEY;
const words = 'Our time is up. Goodbye.';
const answers = [{ text: 'Of course.' }, { text: 'Yes, gladly.' }, { text: 'We do.' }];
const tokens = {
  currency: 'USD',
  asOf: '2026-11-01',
  inputTextPerMillion: 4,
  inputAudioPerMillion: 32,
  inputCachedTextPerMillion: 0.4,
  inputCachedAudioPerMillion: 0.5,
  outputTextPerMillion: 16,
  outputAudioPerMillion: 64,
};
const cascadePrices = {
  currency: 'USD',
  inputTextPerMillion: 0.4,
  inputCachedPerMillion: 0.1,
  outputTextPerMillion: 1.6,
  perRecognisedMinute: 0.006,
  perMillionCharacters: 15,
};

let openai: StandIn;
let gemini: GeminiStandIn;
let chat: ChatStandIn;
let speech: SpeechStandIn;
let whisper: WhisperStandIn;
let gateway: TestGateway;

beforeAll(async () => {
  vi.stubEnv('SPEND_KEY', env.SPEND_KEY);
  const quick = { firstAudioMs: { p50: 40, p95: 80 }, realTimeFactor: 4 };
  const apiKey = env.SPEND_KEY;
  openai = await startStandIn({ ...quick, apiKey, answers });
  gemini = await startGeminiStandIn({ ...quick, apiKey, answers });
  chat = await startChatStandIn({ apiKey, answer: () => ({ text: 'Of course, gladly.' }) });
  speech = await startSpeechStandIn({ apiKey, firstByteMs: { p50: 20, p95: 40 } });
  whisper = await startWhisperStandIn({
    apiKey,
    delayMs: { p50: 20, p95: 40 },
    script: { kind: 'told', utterances: [{ text: 'is it open', durationMs: 300 }] },
  });
  const apiKeyEnv = 'SPEND_KEY';
  const model = 'gpt-realtime-2.1';
  const backends = {
    openai: { type: 'openai-realtime', model, apiKeyEnv, url: openai.url },
    gemini: { type: 'gemini-live', model: 'gemini-3.8-live', apiKeyEnv, url: gemini.origin },
    cascade: {
      type: 'cascade',
      stt: { type: 'whisper-http', baseUrl: whisper.url, apiKeyEnv },
      llm: { type: 'openai-compatible', baseUrl: chat.url, model: 'stand-in', apiKeyEnv },
      tts: { type: 'openai-speech', baseUrl: speech.url, apiKeyEnv },
    },
  };
  const agents = Object.fromEntries(
    Object.keys(backends).flatMap((name) => [
      [name, { backends: [name] }],
      [`${name}-brief`, { backends: [name], limits: { minutes: 0.02, warnAt: 0.5 } }],
    ]),
  );
  const prices = { [model]: tokens, gemini: tokens, cascade: cascadePrices };
  const limits = { key: { tokens: 5_000_000 }, words };
  const auth = {
    keys: [
      { id: 'caller', keyEnv: 'CALLER_KEY' },
      { id: 'poor', keyEnv: 'POOR_KEY' },
    ],
  };
  gateway = await startGateway({
    config: JSON.stringify({ backends, agents, prices, limits, auth }),
    env,
  });
}, 30_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await gateway.close();
  await Promise.all([openai, gemini, chat, speech, whisper].map((server) => server.close()));
});

async function get(path: string): Promise<unknown> {
  const response = await fetch(`${gateway.url}${path}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return response.json();
}

const record = async (callId: string): Promise<CallRecord> =>
  (await get(`/api/calls/${callId}`)) as CallRecord;

describe('100 scripted calls', () => {
  const kinds = ['openai', 'gemini', 'cascade'] as const;
  const calls = new Map<string, readonly CallRecord[]>();

  beforeAll(async () => {
    const plans = Array.from({ length: 100 }, (_, place) => ({
      url: gateway.wsUrl,
      agent: kinds[place % 3]!,
      key,
      turnsMs: Array.from({ length: 1 + (place % 2) }, (__, turn) => 200 + 100 * turn),
      // A cascade's model stops with its request, before it says what it used.
      cancelled: place % 3 !== 2 && place % 5 === 0 ? [0] : [],
      settled: async (callId: string) => {
        const { events } = await record(callId);
        const reports = events.filter(
          (entry) => entry.type === 'usage.counted' && entry.used.outputTextTokens !== undefined,
        );
        return reports.length >= 1 + (place % 2);
      },
    }));
    const ids: string[] = Array.from({ length: plans.length }, () => '');
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < plans.length) {
        const place = next;
        next += 1;
        ids[place] = await runScript(plans[place]!);
      }
    };
    await Promise.all(Array.from({ length: 50 }, work));
    const records = await Promise.all(ids.map(record));
    for (const kind of kinds) {
      calls.set(
        kind,
        records.filter(({ agent }) => agent === kind),
      );
    }
  }, 120_000);

  const used = (agent: string, kind: UsageKind): number =>
    calls.get(agent)!.reduce((sum, { usage }) => sum + (usage[0]?.amounts[kind].amount ?? 0), 0);
  const spent = (agent: string): number =>
    calls.get(agent)!.reduce((sum, { spend }) => sum + (spend[0]?.amount ?? NaN), 0);

  it('cost on the Realtime wire what its stand-in metered', () => {
    const meter = { text: 0, audio: 0, cachedText: 0, cachedAudio: 0, outText: 0, outAudio: 0 };
    for (const { metered } of openai.sessions) {
      for (const usage of metered) {
        const input = usage['input_token_details'] as Record<string, number>;
        const cached = input['cached_tokens_details'] as unknown as Record<string, number>;
        const output = usage['output_token_details'] as Record<string, number>;
        meter.text += input['text_tokens']!;
        meter.audio += input['audio_tokens']!;
        meter.cachedText += cached['text_tokens']!;
        meter.cachedAudio += cached['audio_tokens']!;
        meter.outText += output['text_tokens']!;
        meter.outAudio += output['audio_tokens']!;
      }
    }
    expect(used('openai', 'inputTextTokens')).toBe(meter.text);
    expect(used('openai', 'inputAudioTokens')).toBe(meter.audio);
    expect(used('openai', 'outputTextTokens')).toBe(meter.outText);
    expect(used('openai', 'outputAudioTokens')).toBe(meter.outAudio);
    const cost =
      (meter.text - meter.cachedText) * 4 +
      (meter.audio - meter.cachedAudio) * 32 +
      meter.cachedText * 0.4 +
      meter.cachedAudio * 0.5 +
      meter.outText * 16 +
      meter.outAudio * 64;
    expect(meter.outAudio).toBeGreaterThan(0);
    expect(spent('openai')).toBeCloseTo(cost / 1e6, 12);
  });

  it('cost on the Live wire what its stand-in metered', () => {
    const meter = { TEXT: 0, AUDIO: 0, out: 0 };
    type Details = { modality: 'TEXT' | 'AUDIO'; tokenCount: number }[];
    for (const { metered } of gemini.sessions) {
      for (const { promptTokensDetails, responseTokensDetails } of metered) {
        for (const { modality, tokenCount } of promptTokensDetails as Details) {
          meter[modality] += tokenCount;
        }
        for (const { tokenCount } of responseTokensDetails as Details) meter.out += tokenCount;
      }
    }
    expect(used('gemini', 'inputTextTokens')).toBe(meter.TEXT);
    expect(used('gemini', 'inputAudioTokens')).toBe(meter.AUDIO);
    expect(used('gemini', 'outputAudioTokens')).toBe(meter.out);
    expect(meter.out).toBeGreaterThan(0);
    const cost = meter.TEXT * 4 + meter.AUDIO * 32 + meter.out * 64;
    expect(spent('gemini')).toBeCloseTo(cost / 1e6, 12);
  });

  it('cost by way of a recogniser, a model and a voice what their stand-ins metered', () => {
    const model = { prompt: 0, completion: 0, cached: 0 };
    for (const { usage } of chat.stats.requests) {
      model.prompt += usage?.prompt ?? 0;
      model.completion += usage?.completion ?? 0;
      model.cached += usage?.cached ?? 0;
    }
    const characters = speech.requests.reduce(
      (sum, { body }) => sum + String(body['input']).length,
      0,
    );
    expect(used('cascade', 'inputTextTokens')).toBe(model.prompt);
    expect(used('cascade', 'outputTextTokens')).toBe(model.completion);
    expect(used('cascade', 'spokenCharacters')).toBe(characters);
    expect(used('cascade', 'recognisedAudioMs')).toBeCloseTo(whisper.stats.audioMs, 6);
    expect(characters).toBeGreaterThan(0);
    const cost =
      ((model.prompt - model.cached) * 0.4 + model.cached * 0.1 + model.completion * 1.6) / 1e6 +
      (whisper.stats.audioMs / 60_000) * 0.006 +
      (characters * 15) / 1e6;
    expect(spent('cascade')).toBeCloseTo(cost, 9);
  });

  it('is in the metrics', async () => {
    const text = await (
      await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })
    ).text();
    for (const kind of kinds) {
      const line = text
        .split('\n')
        .find((each) => each.startsWith(`parley_spend_total{agent="${kind}",backend="${kind}"`));
      expect(Number(line?.split(' ').at(-1))).toBeCloseTo(spent(kind), 9);
    }
  });
});

describe('a call that reaches its limit', () => {
  it.concurrent.each(['openai', 'gemini', 'cascade'])(
    'wraps up aloud and ends, on %s',
    async (kind) => {
      const caller = await SpendCaller.open({
        url: gateway.wsUrl,
        agent: `${kind}-brief`,
        key,
      });
      const { code, reason } = await caller.closed;
      expect({ code, reason }).toMatchObject({ code: 1008 });
      const done = caller.messages.filter(({ type }) => type === 'response.done');
      expect(done).toHaveLength(1);
      expect(done[0]).toMatchObject({ response: { status: 'completed' } });
      expect(caller.audioBytes).toBeGreaterThan(4_800);
      const error = caller.messages.find(({ type }) => type === 'error');
      expect(error).toMatchObject({ error: { code: 'spend_limit' } });
      if (kind === 'cascade') {
        const spoken = speech.requests.map(({ body }) => String(body['input'])).join(' ');
        expect(spoken).toContain('Our time is up');
      }
      if (kind === 'openai') {
        const asked = openai.sessions.flatMap(({ received }) => received);
        expect(JSON.stringify(asked)).toContain('Our time is up');
      }
      const { events, durationMs } = await record(caller.callId);
      const limits = events.flatMap((entry) => (entry.type === 'spend.limit' ? [entry] : []));
      expect(limits.map(({ stage }) => stage)).toEqual(['near', 'reached']);
      const heard = events.find((entry) => entry.type === 'line.closed');
      expect(durationMs!).toBeGreaterThanOrEqual(limits[1]!.atMs + heard!.extent.sentMs - 250);
    },
    30_000,
  );
});

describe('a key', () => {
  it('that has used up its day gets no new call', async () => {
    const small = await startGateway({
      config: JSON.stringify({
        auth: { keys: [{ id: 'poor', keyEnv: 'POOR_KEY' }] },
        agents: { brief: { backends: ['parrot'] } },
        limits: { key: { minutes: 0.001 } },
      }),
      env,
    });
    try {
      const script = { url: small.wsUrl, agent: 'brief', key: env.POOR_KEY };
      const caller = await SpendCaller.open(script);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await caller.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { status, headers, body } = await refused(
        `${small.wsUrl}/v1/realtime?model=brief`,
        [],
        { headers: { authorization: `Bearer ${env.POOR_KEY}` } },
      );
      expect(status).toBe(429);
      const left = 86_400 - ((Date.now() / 1000) % 86_400);
      expect(Math.abs(Number(headers['retry-after']) - left)).toBeLessThan(5);
      expect(body).toMatchObject({ error: { code: 'spend_limit' } });
    } finally {
      await small.close();
    }
  });
});
