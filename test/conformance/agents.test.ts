import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
import { agentsWire, type AgentsSide } from './agents-wire.ts';
import {
  expectBackchannel,
  expectBargeIn,
  expectDetectedTurn,
  expectFunctionCall,
  expectManualTurn,
  expectOutOfBand,
  expectRefusals,
  expectTruncation,
} from './expectations.ts';
import {
  backchannel,
  bargeIn,
  detectedTurn,
  functionCall,
  manualTurn,
  outOfBand,
  refusals,
  type Client,
  type Conversation,
} from './scenarios.ts';
import { answers, openStage, stageKey } from './stage.ts';
import { plainAgent, tableAgent } from './table-agent.ts';
import { together } from './together.ts';

interface AgentsTalk {
  readonly talk: Conversation;
  readonly side: AgentsSide;
}

describe('@openai/agents-realtime (WebSocket) in Node', () => {
  let stage: TestGateway;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    stage = await openStage();
    talks = startTalks(stage.wsUrl);
  });
  afterAll(() => stage.close());

  describe('with parrot', () => {
    it('takes a detected turn and hears the answer', async () => {
      const { talk, side } = await talks.parrotTurn();
      expectDetectedTurn(talk, 'table');
      expectNothingLost(side);
      expect(side.session.history).toMatchObject([
        { type: 'message', role: 'user', status: 'completed' },
        { type: 'message', role: 'assistant', status: 'completed' },
      ]);
    });
    it('is not stopped by a murmur', async () => {
      const { talk, side } = await talks.parrotMurmur();
      expectBackchannel(talk);
      expectNothingLost(side);
    });
    it('is stopped by speech over it, and answers that', async () => {
      const { talk, side } = await talks.parrotOverlap();
      expectBargeIn(talk, { first: 'museum', second: 'wait' });
      expectNothingLost(side);
    });
    it('refuses what it cannot do and talks on', async () => {
      const { talk, side } = await talks.parrotRefusals();
      expectRefusals(talk);
      expect(side.dropped).toEqual([]);
    });
  });

  describe('with rehearsal', () => {
    it('takes a detected turn and hears the answer', async () => {
      const { talk, side } = await talks.turn();
      expectDetectedTurn(talk, 'museum');
      expectNothingLost(side);
      expect(JSON.stringify(side.session.history)).toContain(answers.long);
    });
    it('takes a manual turn', async () => {
      const { talk, side } = await talks.manual();
      expectManualTurn(talk);
      expectNothingLost(side);
    });
    it('can be interrupted, and is told how much was heard', async () => {
      const { talk, side } = await talks.bargeIn();
      expectBargeIn(talk, { first: 'museum', second: 'cake' });
      expectTruncation(talk);
      expectNothingLost(side);
    });
    it('calls a function that the SDK runs, and goes on with its answer', async () => {
      const { talk, side } = await talks.functionCall();
      expectFunctionCall(talk);
      expectNothingLost(side);
      expect(side.session.history).toContainEqual(
        expect.objectContaining({ type: 'function_call', status: 'completed', output: '3' }),
      );
    });
    it('answers in text beside the conversation', async () => {
      const { talk, side } = await talks.outOfBand();
      expectOutOfBand(talk);
      expectNothingLost(side);
    });
  });
});

/** Every event passed the SDK's own check, and it saw no error. */
function expectNothingLost(side: AgentsSide): void {
  expect(side.dropped).toEqual([]);
  expect(side.errors).toEqual([]);
}

function startTalks(wsUrl: string) {
  const call = async (
    model: string,
    talkTo: (client: Client) => Promise<Conversation>,
    agent = plainAgent(),
  ): Promise<AgentsTalk> => {
    const sides: AgentsSide[] = [];
    const url = `${wsUrl}/v1/realtime?model=${model}`;
    const connect = agentsWire({
      url,
      agent,
      key: stageKey,
      onSession: (side) => sides.push(side),
    });
    const talk = await talkTo({ connect, truncatesItself: true, runsTools: true });
    return { talk, side: sides[0]! };
  };
  return together({
    parrotTurn: () => call('parrot', detectedTurn),
    parrotMurmur: () => call('parrot', backchannel),
    parrotOverlap: () => call('parrot', bargeIn),
    parrotRefusals: () => call('parrot', refusals),
    turn: () => call('speaker', detectedTurn),
    manual: () => call('speaker', manualTurn),
    bargeIn: () => call('speaker', bargeIn),
    functionCall: () => call('actor', functionCall, tableAgent()),
    outOfBand: () => call('speaker', outOfBand),
  });
}
