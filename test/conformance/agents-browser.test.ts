import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
import { browserWire, type BrowserSide } from './browser-wire.ts';
import {
  expectBargeIn,
  expectDetectedTurn,
  expectFunctionCall,
  expectTruncation,
} from './expectations.ts';
import {
  bargeIn,
  detectedTurn,
  functionCall,
  type Client,
  type Conversation,
} from './scenarios.ts';
import { openStage, stageKey } from './stage.ts';
import { together } from './together.ts';

describe('@openai/agents-realtime (WebSocket) as browsers load it', () => {
  let stage: TestGateway;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    stage = await openStage();
    talks = startTalks(stage.wsUrl);
  });
  afterAll(() => stage.close());

  it('takes a detected turn with parrot and hears the answer', async () => {
    const { talk, side } = await talks.parrotTurn();
    expectDetectedTurn(talk, 'table');
    expect(side).toEqual({ dropped: [], errors: [], protocol: 'realtime' });
  });

  it('can interrupt rehearsal, and says how much was heard', async () => {
    const { talk, side } = await talks.bargeIn();
    expectBargeIn(talk, { first: 'museum', second: 'cake' });
    expectTruncation(talk);
    expect(side).toEqual({ dropped: [], errors: [], protocol: 'realtime' });
  });

  it('runs a function that rehearsal calls', async () => {
    const { talk, side } = await talks.functionCall();
    expectFunctionCall(talk);
    expect(side).toEqual({ dropped: [], errors: [], protocol: 'realtime' });
  });
});

function startTalks(wsUrl: string) {
  const call = async (
    model: string,
    talkTo: (client: Client) => Promise<Conversation>,
    agent: 'plain' | 'tables' = 'plain',
  ): Promise<{ talk: Conversation; side: BrowserSide }> => {
    const side: BrowserSide = { dropped: ['unknown'], errors: [], protocol: '' };
    const url = `${wsUrl}/v1/realtime?model=${model}`;
    const connect = browserWire({ url, key: stageKey, agent, side });
    return { talk: await talkTo({ connect, truncatesItself: true, runsTools: true }), side };
  };
  return together({
    parrotTurn: () => call('parrot', detectedTurn),
    bargeIn: () => call('speaker', bargeIn),
    functionCall: () => call('actor', functionCall, 'tables'),
  });
}
