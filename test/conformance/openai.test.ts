import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
import {
  expectBackchannel,
  expectBargeIn,
  expectDetectedTurn,
  expectFunctionCall,
  expectManualTurn,
  expectOrder,
  expectOutOfBand,
  expectRefusals,
  expectTruncation,
} from './expectations.ts';
import { openAiWire } from './openai-wire.ts';
import {
  backchannel,
  bargeIn,
  detectedTurn,
  eventsOf,
  functionCall,
  manualTurn,
  outOfBand,
  refusals,
  type Client,
} from './scenarios.ts';
import { openStage, stageKey, throwAwayCertificate } from './stage.ts';
import { together } from './together.ts';

describe('openai (realtime/ws) over TLS', () => {
  let stage: TestGateway;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    const certificate = await throwAwayCertificate();
    stage = await openStage(certificate);
    talks = startTalks((model) => ({
      connect: openAiWire({ url: stage.url, model, key: stageKey, ca: certificate.cert }),
      truncatesItself: false,
      runsTools: false,
    }));
  });
  afterAll(() => stage.close());

  describe('with parrot', () => {
    it('takes a detected turn and hears the answer', async () => {
      expectDetectedTurn(await talks.parrotTurn(), 'table');
    });
    it('is not stopped by a murmur', async () => {
      expectBackchannel(await talks.parrotMurmur());
    });
    it('is stopped by speech over it, and answers that', async () => {
      const talk = await talks.parrotOverlap();
      expectBargeIn(talk, { first: 'museum', second: 'wait' });
    });
    it('refuses what it cannot do and talks on', async () => {
      expectRefusals(await talks.parrotRefusals());
    });
  });

  describe('with rehearsal', () => {
    it('takes a detected turn and hears the answer, under the name that stock clients send', async () => {
      expectDetectedTurn(await talks.turn(), 'museum');
    });
    it('takes a manual turn', async () => {
      expectManualTurn(await talks.manual());
    });
    it('can be interrupted, and is told how much was heard', async () => {
      const talk = await talks.bargeIn();
      expectBargeIn(talk, { first: 'museum', second: 'cake' });
      expectTruncation(talk);
    });
    it('calls a function and goes on with its answer', async () => {
      expectFunctionCall(await talks.functionCall());
    });
    it('answers in text beside the conversation', async () => {
      expectOutOfBand(await talks.outOfBand());
    });
  });

  it('shows the whole effective session first', async () => {
    const talk = await talks.turn();
    expectOrder(talk);
    expect(eventsOf(talk, 'session.created')[0]!.event['session']).toMatchObject({
      type: 'realtime',
      object: 'realtime.session',
      output_modalities: ['audio'],
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          turn_detection: {
            type: 'semantic_vad',
            eagerness: 'auto',
            create_response: true,
            interrupt_response: true,
          },
        },
        output: { format: { type: 'audio/pcm', rate: 24_000 } },
      },
    });
  });
});

function startTalks(client: (model: string) => Client) {
  return together({
    parrotTurn: () => detectedTurn(client('parrot')),
    parrotMurmur: () => backchannel(client('parrot')),
    parrotOverlap: () => bargeIn(client('parrot')),
    parrotRefusals: () => refusals(client('parrot')),
    turn: () => detectedTurn(client('gpt-realtime-2.1')),
    manual: () => manualTurn(client('speaker')),
    bargeIn: () => bargeIn(client('speaker')),
    functionCall: () => functionCall(client('actor')),
    outOfBand: () => outOfBand(client('speaker')),
  });
}
