import { RealtimeAgent } from '@openai/agents-realtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ear } from '../ear/ear.ts';
import type { Logger } from '../../src/ports/log.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startStandIn, type StandIn } from '../upstream/openai-realtime-server.ts';
import type { ScriptedRun } from '../upstream/options.ts';
import { agentsWire, type AgentsSide } from './agents-wire.ts';

const token = 'oauth-token-of-the-caller';
const pathKey = 'key-in-the-path';
const script: ScriptedRun = {
  server: 'weather',
  name: 'forecast',
  arguments: '{"city":"Ulm"}',
  result: { output: 'Rain until five.' },
};
const answer = 'It rains until five.';

type Approval = 'never' | 'always';

/** What the SDK's `hostedMcpTool` makes, which its realtime package does not export. */
function weatherAgent(requireApproval: Approval): RealtimeAgent {
  const server: RealtimeAgent['tools'][number] = {
    type: 'hosted_tool',
    name: 'hosted_mcp',
    providerData: {
      type: 'mcp',
      server_label: 'weather',
      server_url: `https://weather.example/${pathKey}/mcp`,
      authorization: token,
      headers: { 'x-app': token },
      require_approval: requireApproval,
    },
  };
  return new RealtimeAgent({ name: 'weather', instructions: 'Be brief.', tools: [server] });
}

/** The stock SDK, a gateway and a stand-in that runs the tools of an MCP server. */
describe('@openai/agents-realtime with tools that the upstream runs', () => {
  const logged: string[] = [];
  let upstream: StandIn;
  let gateway: TestGateway;

  beforeAll(async () => {
    upstream = await startStandIn({
      answers: [{ mcp: script }, { text: answer }],
      mcpServers: { weather: ['forecast'] },
      firstAudioMs: { p50: 60, p95: 90 },
    });
    const backend = { type: 'openai-realtime', model: 'm', url: upstream.url };
    const config = {
      backends: { able: backend, unable: { ...backend, dialect: 'hf-speech-to-speech' } },
      agents: { able: { backends: ['able'] }, unable: { backends: ['unable'] } },
    };
    const note = (event: string, fields?: object): void => {
      logged.push(JSON.stringify({ event, ...fields }));
    };
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    gateway = await startGateway({ config: JSON.stringify(config), log });
  });
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
    for (const secret of [token, pathKey]) expect(logged.join('\n')).not.toContain(secret);
  });

  async function call(
    approval: Approval,
    agent = 'able',
  ): Promise<{ ear: Ear; side: AgentsSide; callId: string }> {
    let side: AgentsSide | null = null;
    const ear = await Ear.connect(
      agentsWire({
        url: `${gateway.wsUrl}/v1/realtime?model=${agent}`,
        agent: weatherAgent(approval),
        onSession: (taken) => {
          side = taken;
        },
      }),
    );
    const created = await ear.waitFor('session.created');
    const { id } = created.event['session'] as { id: string };
    return { ear, side: side!, callId: id.replace('sess_', 'call_') };
  }

  const itemsOf = (side: AgentsSide): readonly object[] => side.session.history;

  /** What anyone may read of a call. */
  async function expectNoSecrets(ear: Ear, callId: string): Promise<void> {
    const page = await fetch(`${gateway.url}/api/calls/${callId}`);
    const seen = (await page.text()) + JSON.stringify(ear.events);
    expect(seen).toContain('weather');
    for (const secret of [token, pathKey]) expect(seen).not.toContain(secret);
  }

  it('lists them, runs one, and the SDK asks for the answer', async () => {
    const { ear, side, callId } = await call('never');
    await ear.waitFor('mcp_list_tools.completed');
    side.session.sendMessage('Will it rain?');
    const ran = await ear.waitFor('response.mcp_call.completed');
    const from = ear.events.indexOf(ran);
    await ear.waitFor('response.done', { from });
    await ear.waitFor('response.output_audio_transcript.done', { from });
    expect(side.session.availableMcpTools).toMatchObject([{ name: 'forecast' }]);
    expect(side.errors).toEqual([]);
    expect(side.dropped).toEqual([]);
    expect(itemsOf(side)).toContainEqual(
      expect.objectContaining({
        type: 'mcp_call',
        name: 'forecast',
        status: 'completed',
        output: 'Rain until five.',
      }),
    );
    expect(JSON.stringify(itemsOf(side).at(-1))).toContain(answer);
    const record = (await (await fetch(`${gateway.url}/api/calls/${callId}`)).json()) as {
      tools: object[];
    };
    expect(record.tools).toMatchObject([
      { name: 'forecast', runner: 'backend', state: 'answered' },
    ]);
    await expectNoSecrets(ear, callId);
    await ear.close();
  });

  it('asks the app first, and goes on when that approves', async () => {
    const { ear, side, callId } = await call('always');
    side.session.on('tool_approval_requested', (_context, _agent, { approvalItem }) => {
      void side.session.approve(approvalItem);
    });
    side.session.sendMessage('Will it rain?');
    const ran = await ear.waitFor('response.mcp_call.completed');
    const from = ear.events.indexOf(ran);
    await ear.waitFor('response.output_audio_transcript.done', { from });
    expect(side.errors).toEqual([]);
    expect(side.dropped).toEqual([]);
    const types = upstream.sessions.at(-1)!.conversation.items.map(({ type }) => type);
    expect(types).toEqual([
      'mcp_list_tools',
      'message',
      'mcp_approval_request',
      'mcp_approval_response',
      'mcp_call',
      'message',
    ]);
    await expectNoSecrets(ear, callId);
    await ear.close();
  });

  it('are refused clearly where the upstream runs none', async () => {
    const { ear } = await call('never', 'unable');
    const error = await ear.waitFor('error');
    expect(error.event['error']).toMatchObject({
      code: 'unsupported_by_backend',
      param: 'session.tools[0].type',
    });
    await ear.close();
  });
});
