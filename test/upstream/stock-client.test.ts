import type { RealtimeAgent } from '@openai/agents-realtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentsWire, type AgentsSide } from '../conformance/agents-wire.ts';
import { orderViolations } from '../conformance/order.ts';
import { plainAgent, tableAgent } from '../conformance/table-agent.ts';
import {
  bargeIn,
  detectedTurn,
  functionCall,
  type Conversation,
} from '../conformance/scenarios.ts';
import { audioOf } from '../ear/wire.ts';
import { answerSound } from './answer-sound.ts';
import type { StandInOptions } from './options.ts';
import { startStandIn, type StandIn } from './openai-realtime-server.ts';

const short = 'We have two tables by the window.';
const long = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');

interface Talk {
  readonly conversation: Conversation;
  readonly side: AgentsSide;
  readonly server: StandIn;
}

/** The vendor's own client and the stand-in, nothing between them. */
describe('the stand-in, to the vendor’s own client', () => {
  const servers: StandIn[] = [];
  let talks: readonly Talk[];

  async function talk(
    options: StandInOptions,
    agent: RealtimeAgent,
    scenario: typeof detectedTurn,
  ): Promise<Talk> {
    const server = await startStandIn({ apiKey: 'sk-test', ...options });
    servers.push(server);
    let side: AgentsSide | undefined;
    const conversation = await scenario({
      connect: agentsWire({
        url: `${server.url}?model=gpt-realtime-2.1`,
        agent,
        onSession: (its) => (side = its),
      }),
      truncatesItself: true,
      runsTools: true,
    });
    return { conversation, side: side!, server };
  }

  beforeAll(async () => {
    const tool = { name: 'count_tables', arguments: '{"seats":2}' };
    talks = await Promise.all([
      talk({ answers: [{ text: short }] }, plainAgent(), detectedTurn),
      talk({ answers: [{ text: long }, { text: short }] }, plainAgent(), bargeIn),
      talk({ answers: [{ tool }, { text: short }] }, tableAgent(), functionCall),
    ]);
  });
  afterAll(() => Promise.all(servers.map((server) => server.close())));

  it('keeps the documented order, and sends nothing that the client would drop', () => {
    for (const { conversation, side } of talks) {
      expect(orderViolations(conversation.ear.events.map(({ event }) => event))).toEqual([]);
      expect(side.dropped).toEqual([]);
      expect(side.errors).toEqual([]);
      expect(conversation.ear.failures).toEqual([]);
    }
  });

  it('answers a turn that it detected', () => {
    const { ear } = talks[0]!.conversation;
    const heard = ear.events.flatMap(({ event }) => audioOf(event)?.bytes ?? []);
    expect(Buffer.concat(heard)).toEqual(answerSound(short, 'audio/pcm'));
  });

  it('is interrupted, and takes the client’s truncation', () => {
    const { server, conversation } = talks[1]!;
    const [, answer, , next] = server.sessions[0]!.conversation.items;
    expect(answer).toMatchObject({ status: 'incomplete', text: '' });
    expect(answer!.audioMs).toBeGreaterThan(500);
    expect(next).toMatchObject({ status: 'completed', text: short });
    expect(conversation.ear.types).toContain('conversation.item.truncated');
  });

  it('has its function run once', () => {
    const items = talks[2]!.server.sessions[0]!.conversation.items;
    expect(items.map(({ type }) => type)).toEqual([
      'message',
      'function_call',
      'function_call_output',
      'message',
    ]);
  });
});
