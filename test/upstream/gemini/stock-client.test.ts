import {
  Behavior,
  FunctionResponse,
  FunctionResponseScheduling,
  GoogleGenAI,
  LiveSendToolResponseParameters,
  Modality,
  type LiveConnectConfig,
  type LiveServerMessage,
  type Session,
} from '@google/genai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { countedSpeech, hearNumbers } from '../../ear/counted-speech.ts';
import { decode } from '../answer-sound.ts';
import { passTime } from '../pass-time.ts';
import type { StandInOptions } from './options.ts';
import { audioInput } from './raw-client.ts';
import { startGeminiStandIn, type GeminiStandIn } from './server.ts';

const clock = new ManualClock();
const pass = passTime(clock);
let server: GeminiStandIn;
afterEach(() => server.close());

interface Side {
  readonly session: Session;
  readonly messages: LiveServerMessage[];
  readonly closed: { code: number; reason: string }[];
}

async function start(options: StandInOptions = {}): Promise<void> {
  const firstAudioMs = { p50: 200, p95: 200 };
  server = await startGeminiStandIn({ clock, apiKey: 'k', firstAudioMs, ...options });
}

/** The vendor's own client, and what it heard. */
async function connect(
  config: LiveConnectConfig = {},
  {
    apiKey = 'k',
    apiVersion = 'v1beta',
  }: { apiKey?: string; apiVersion?: string | undefined } = {},
): Promise<Side> {
  const baseUrl = `http://127.0.0.1:${server.port}`;
  const client = new GoogleGenAI({
    apiKey,
    httpOptions: { baseUrl, ...(apiVersion === '' ? {} : { apiVersion }) },
  });
  const messages: LiveServerMessage[] = [];
  const closed: Side['closed'] = [];
  const connecting = client.live.connect({
    model: 'gemini-3.8-live',
    config: { responseModalities: [Modality.AUDIO], ...config },
    callbacks: {
      onmessage: (message) => messages.push(message),
      onclose: ({ code, reason }) => closed.push({ code, reason }),
    },
  });
  let settled = false;
  const settle = (): void => void (settled = true);
  connecting.then(settle, settle);
  await until(() => settled);
  return { session: await connecting, messages, closed };
}

async function until(ready: () => boolean, limitMs = 20_000): Promise<void> {
  for (let waitedMs = 0; !ready(); waitedMs += 20) {
    if (waitedMs > limitMs) throw new Error(`not within ${limitMs} ms`);
    await pass(20);
  }
}

function turns({ messages }: Side): number {
  return messages.filter(({ serverContent }) => serverContent?.turnComplete).length;
}

function numbers({ messages }: Side): number[] {
  const parts = messages.flatMap(({ serverContent }) => serverContent?.modelTurn?.parts ?? []);
  const bytes = parts.map(({ inlineData }) => Buffer.from(inlineData?.data ?? '', 'base64'));
  const samples = Float32Array.from(decode(Buffer.concat(bytes), 'audio/pcm'), (v) => v / 32_768);
  return hearNumbers(samples, 24_000).map(({ number }) => number);
}

function text({ messages }: Side, which: 'inputTranscription' | 'outputTranscription'): string {
  return messages.map(({ serverContent }) => serverContent?.[which]?.text ?? '').join('');
}

describe('the stand-in, to the vendor’s own client', () => {
  it('holds a spoken conversation, both sides of it written down', async () => {
    await start({ answers: [{ count: 5 }], callerText: 'counted' });
    const side = await connect({ inputAudioTranscription: {}, outputAudioTranscription: {} });
    const { samples } = countedSpeech({ firstNumber: 30, words: 4, rateHz: 16_000 });
    const line = new Float32Array(samples.length + 16_000);
    line.set(samples);
    for (let at = 0; at < line.length; at += 320) {
      const { realtimeInput } = audioInput(line.subarray(at, at + 320), 16_000);
      side.session.sendRealtimeInput(realtimeInput);
      await pass(20);
    }
    await until(() => turns(side) === 1);
    expect(numbers(side)).toEqual([1, 2, 3, 4, 5]);
    expect(text(side, 'inputTranscription')).toBe('30 31 32 33');
    expect(text(side, 'outputTranscription')).toBe('1 2 3 4 5');
    expect(side.messages.at(-1)?.usageMetadata?.responseTokenCount).toBeGreaterThan(0);
    expect(server.requests[0]?.url).toMatch(/^\/\/ws\/.*v1beta.*\?key=k$/);
    expect(server.sessions[0]?.oddities).toEqual([]);
  });

  it('takes all that its live.connect can ask for', async () => {
    await start();
    await connect({
      temperature: 0.5,
      topP: 0.9,
      topK: 20,
      maxOutputTokens: 100,
      seed: 3,
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Puck' } } },
      systemInstruction: 'Be brief.',
      contextWindowCompression: { triggerTokens: '20000', slidingWindow: { targetTokens: '9000' } },
      sessionResumption: {},
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
      enableAffectiveDialog: true,
      tools: [
        { functionDeclarations: [{ name: 'f', behavior: Behavior.BLOCKING }] },
        { googleSearch: {} },
      ],
    });
    const [session] = server.sessions;
    expect(session?.setup).toMatchObject({ voice: 'Puck', compresses: true, handle: null });
    expect(session?.context).toEqual({
      instructions: 'Be brief.',
      functions: new Map([['f', 'BLOCKING']]),
    });
  });

  it('runs its functions, changes its context and seeds its history', async () => {
    const tools = [{ name: 'f', args: { a: 1 } }];
    await start({ answers: [{ text: 'No' }, { tools }, { text: 'Done' }] });
    const side = await connect({ tools: [{ functionDeclarations: [{ name: 'f' }] }] });
    side.session.sendClientContent({
      turns: [
        { role: 'user', parts: [{ text: 'Hello' }] },
        { role: 'model', parts: [{ text: 'Hi' }] },
        { role: 'user', parts: [{ text: 'Look it up.' }] },
      ],
    });
    await until(() => side.messages.some(({ toolCall }) => toolCall));
    await until(() => turns(side) === 1);
    const [call] = side.messages.flatMap(({ toolCall }) => toolCall?.functionCalls ?? []);
    expect(call).toMatchObject({ name: 'f', args: { a: 1 } });
    const response = new FunctionResponse();
    response.id = call!.id!;
    response.name = 'f';
    response.response = { output: 'x' };
    response.scheduling = FunctionResponseScheduling.WHEN_IDLE;
    const parameters = new LiveSendToolResponseParameters();
    parameters.functionResponses = response;
    side.session.sendToolResponse(parameters);
    await until(() => turns(side) === 2);
    side.session.sendContextUpdate({ systemInstruction: 'Be long.', tools: { tools: [] } });
    await pass(20);
    expect(server.sessions[0]?.context).toEqual({ instructions: 'Be long.', functions: new Map() });
    expect(server.sessions[0]?.history.at(-1)).toMatchObject({ text: 'Done' });
    expect(side.closed).toEqual([]);
  });

  it('tells of activity by hand, and interrupts', async () => {
    await start({ answers: [{ count: 40 }] });
    const side = await connect({
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
    });
    side.session.sendRealtimeInput({ activityStart: {} });
    side.session.sendRealtimeInput({ activityEnd: {} });
    await until(() => numbers(side).length > 3);
    side.session.sendRealtimeInput({ activityStart: {} });
    await until(() => side.messages.some(({ serverContent }) => serverContent?.interrupted));
    await until(() => turns(side) === 1);
    expect(server.sessions[0]?.history.at(-1)).toMatchObject({ interrupted: true });
  });

  it('resumes where it was, after a goAway', async () => {
    await start({ answers: [{ count: 3 }], connectionCapMs: 20_000, goAwayBeforeMs: 5000 });
    const one = await connect({ sessionResumption: {} });
    one.session.sendRealtimeInput({ text: 'Count.' });
    await until(() => one.messages.some(({ goAway }) => goAway?.timeLeft === '5s'));
    const updates = one.messages.flatMap((message) => message.sessionResumptionUpdate ?? []);
    const handle = updates.findLast(({ resumable }) => resumable === true)?.newHandle ?? '';
    one.session.close();
    await until(() => server.open === 0);
    const other = await connect({ sessionResumption: { handle } });
    other.session.sendRealtimeInput({ text: 'Count.' });
    await until(() => turns(other) === 1);
    expect([...numbers(one), ...numbers(other)]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is told why it may not come in', async () => {
    await start();
    await expect(connect({}, { apiKey: 'other' })).rejects.toThrow(
      'closed before setup completed (code 1007): API key not valid.',
    );
    await expect(connect({ responseModalities: [Modality.TEXT] })).rejects.toThrow('code 1007');
    await expect(connect({ sessionResumption: { handle: 'x' } })).rejects.toThrow('code 1008');
    await server.close();
    await start({ wrongKey: 'http' });
    await expect(connect({}, { apiKey: 'other' })).rejects.toThrow('401');
    await server.close();
    await expect(connect()).rejects.toThrow('ECONNREFUSED');
    expect(clock.pending).toBe(0);
  });

  it('comes in by its own default version, and with a token', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await start({ tokens: { 'auth_tokens/t': 1 } });
    await connect({}, { apiVersion: '' });
    await connect({}, { apiKey: 'auth_tokens/t', apiVersion: 'v1alpha' });
    expect(server.requests.map(({ url }) => /v1\w*/.exec(url)?.[0])).toEqual(['v1', 'v1alpha']);
    expect(server.open).toBe(2);
    warned.mockRestore();
  });
});
