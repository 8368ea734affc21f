import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openCascadeStage, partsKey, partsKeyEnv, type CascadeStage } from './cascade-stage.ts';
import {
  expectBargeIn,
  expectDetectedTurn,
  expectFunctionCall,
  expectManualTurn,
  expectOutOfBand,
  expectTruncation,
} from './expectations.ts';
import { openAiWire } from './openai-wire.ts';
import {
  bargeIn,
  detectedTurn,
  functionCall,
  manualTurn,
  outOfBand,
  type Client,
} from './scenarios.ts';
import { throwAwayCertificate } from './stage.ts';
import { together } from './together.ts';

/** Every vendor's part in one of them; the model is a server of chat completions in all. */
const agents = {
  turn: { stt: 'flux', tts: 'elevenlabs', said: ['table'] },
  manual: { stt: 'nova', tts: 'speech', said: ['thanks'] },
  bargeIn: { stt: 'nova', tts: 'cartesia', said: ['museum', 'wait'] },
  functionCall: { stt: 'transcription', tts: 'aura', said: ['train'] },
  outOfBand: { stt: 'pulse', tts: 'lightning', said: ['thanks'] },
} as const;

/** Stock clients, the whole gateway, servers that keep the vendors' protocols, real time. */
describe('an agent on a cascade', () => {
  let stage: CascadeStage;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    vi.stubEnv(partsKeyEnv, partsKey);
    const tls = await throwAwayCertificate();
    stage = await openCascadeStage(agents, { tls });
    talks = startTalks((model) => ({
      connect: openAiWire({ url: stage.gateway.url, model, ca: tls.cert }),
      truncatesItself: false,
      runsTools: false,
    }));
  });
  afterAll(async () => {
    await stage.close();
    vi.unstubAllEnvs();
  });

  it('is ready', () => expect(stage.gateway.reasons).toEqual([]));
  it('takes a detected turn and is heard', async () => {
    expectDetectedTurn(await talks.turn(), 'museum');
  });
  it('takes a manual turn', async () => {
    expectManualTurn(await talks.manual());
  });
  it('can be interrupted', async () => {
    const talk = await talks.bargeIn();
    expectBargeIn(talk, { first: 'museum', second: 'cake' });
    expectTruncation(talk);
  });
  it('calls a function', async () => {
    expectFunctionCall(await talks.functionCall());
  });
  it('answers in text beside the conversation', async () => {
    expectOutOfBand(await talks.outOfBand());
  });
});

function startTalks(client: (model: keyof typeof agents) => Client) {
  return together({
    turn: () => detectedTurn(client('turn')),
    manual: () => manualTurn(client('manual')),
    bargeIn: () => bargeIn(client('bargeIn')),
    functionCall: () => functionCall(client('functionCall')),
    outOfBand: () => outOfBand(client('outOfBand')),
  });
}
