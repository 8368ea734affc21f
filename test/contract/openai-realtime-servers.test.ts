import { afterEach, describe, expect, it } from 'vitest';
import type { BackendEvent } from '../../src/ports/backend.ts';
import { ToolServer, type ServerToolEvent } from '../../src/ports/tool-servers.ts';
import { HostedRig, rigKey } from '../upstream/hosted-rig.ts';
import type { ScriptedRun, StandInOptions } from '../upstream/options.ts';
import type { SessionProbe } from './session-probe.ts';

const token = 'oauth-token-of-the-caller';
const headerKey = 'header-key-of-the-app';

let rig: HostedRig;
afterEach(async () => {
  await rig.backend.close();
  for (let step = 0; step < 100 && rig.server.open > 0; step += 1) await rig.pass(20);
  expect(rig.clock.pending).toBe(0);
  await rig.close();
  const logged = rig.logged.join('\n');
  for (const secret of [rigKey, token, headerKey]) expect(logged).not.toContain(secret);
});

function server(approval: 'never' | 'always'): ToolServer {
  const definition = {
    type: 'mcp',
    server_label: 'weather',
    server_url: 'https://weather.example/mcp',
    authorization: token,
    headers: { 'x-app': headerKey },
    require_approval: approval,
  };
  return new ToolServer('weather', { server_label: 'weather' }, definition);
}

const script: ScriptedRun = {
  server: 'weather',
  name: 'forecast',
  arguments: '{"city":"Ulm"}',
  result: { output: 'Rain until five.' },
};

async function started(
  options: StandInOptions = {},
  approval: 'never' | 'always' = 'never',
  differing: object = {},
): Promise<SessionProbe> {
  const answers = options.answers ?? [{ mcp: script }, { text: 'It rains until five.' }];
  rig = await HostedRig.start(
    { mcpServers: { weather: ['forecast'] }, ...options, answers },
    differing,
  );
  const { settings } = rig.context();
  const probe = await rig.open({ settings: { ...settings, toolServers: [server(approval)] } });
  await probe.wait(200);
  return probe;
}

const isTold = (event: BackendEvent): event is BackendEvent & { type: 'server_tool' } =>
  event.type === 'server_tool';
const told = (probe: SessionProbe): ServerToolEvent[] =>
  probe.events.filter(isTold).map(({ event }) => event);
const whats = (probe: SessionProbe): string[] => told(probe).map(({ what }) => what);

async function respond(probe: SessionProbe, lineId = 'line_1'): Promise<void> {
  probe.respond(lineId);
  await probe.until(() => probe.done(lineId) !== undefined);
}

describe('openai-realtime, tools that the upstream runs', () => {
  it('reaches the server with everything the client gave', async () => {
    await started();
    expect(rig.upstream.state.tools).toEqual([server('never').definition()]);
  });

  it('tells which tools a server has', async () => {
    const probe = await started();
    const [listing, listed] = told(probe);
    expect(listing).toMatchObject({ what: 'listing', server: 'weather' });
    expect(listed).toMatchObject({
      what: 'listed',
      server: 'weather',
      tools: [{ name: 'forecast', description: null, parameters: { type: 'object' } }],
    });
  });

  it('tells that a server cannot be asked', async () => {
    const probe = await started({ mcpServers: {} });
    expect(told(probe)).toMatchObject([{ what: 'listing' }, { what: 'listed', tools: null }]);
  });

  it.each([false, true])('runs a call, which ends late: %s', async (late) => {
    const probe = await started({ answers: [{ mcp: { ...script, late } }] });
    await respond(probe);
    await probe.until(() => whats(probe).includes('answered'));
    const [, , called, answered] = told(probe);
    expect(called).toMatchObject({
      what: 'called',
      lineId: 'line_1',
      server: 'weather',
      name: 'forecast',
      arguments: script.arguments,
      approvalId: null,
    });
    expect(answered).toMatchObject({ what: 'answered', output: 'Rain until five.', error: null });
    expect(probe.done('line_1')?.outcome).toEqual({ status: 'completed' });
    expect(probe.events.some(({ type }) => type === 'tool.called')).toBe(false);
    expect(rig.backend.figures()).toMatchObject({ serverToolsRun: 1, unknownEvents: 0 });
  });

  it('tells why a call failed', async () => {
    const error = { type: 'http_error', code: 503, message: 'Come back later.' };
    const probe = await started({ answers: [{ mcp: { ...script, result: { error } } }] });
    await respond(probe);
    await probe.until(() => whats(probe).includes('answered'));
    expect(told(probe).at(-1)).toMatchObject({
      output: null,
      error: { kind: 'http', code: 503, message: 'Come back later.' },
    });
  });

  it.each([true, false])('asks before it runs one; the client says %s', async (approve) => {
    const probe = await started({}, 'always');
    await respond(probe);
    const asked = told(probe).at(-1);
    if (asked?.what !== 'approval') throw new Error(`it told ${whats(probe).join(' ')}`);
    expect(asked).toMatchObject({
      lineId: 'line_1',
      name: 'forecast',
      arguments: script.arguments,
    });
    const { approvalId } = asked;
    probe.session.send({
      type: 'server_tool.approve',
      itemId: 'item_word',
      approvalId,
      approve,
      reason: approve ? null : 'Not today.',
    });
    await probe.wait(500);
    const after = whats(probe).slice(3);
    expect(after).toEqual(approve ? ['called', 'answered'] : []);
    if (approve) expect(told(probe)[3]).toMatchObject({ approvalId, lineId: null });
    const answer = rig.upstream.conversation.items.find(
      ({ type }) => type === 'mcp_approval_response',
    );
    expect(answer?.mcp).toEqual({
      approval_request_id: approvalId,
      approve,
      reason: approve ? null : 'Not today.',
    });
    expect(rig.upstream.refused).toEqual([]);
  });

  it('does not pass on an approval that nobody waits for', async () => {
    const probe = await started();
    const approval = { approvalId: 'item_none', approve: true, reason: null };
    probe.session.send({ type: 'server_tool.approve', itemId: 'item_word', ...approval });
    await probe.wait(100);
    expect(rig.upstream.refused).toEqual([]);
    expect(rig.backend.figures()).toMatchObject({ commandsUnmatched: 1 });
  });

  it('tells another connection what a call brought', async () => {
    const probe = await started({ sessionCapMs: 10_000 }, 'never', { connectionLimitMs: 10_000 });
    await respond(probe);
    await probe.until(() => rig.server.sessions.length === 2 && rig.server.open === 1, 20_000);
    await probe.wait(500);
    const items = rig.server.sessions[1]!.conversation.items;
    expect(items.filter(({ mcp }) => mcp === undefined)).toMatchObject([
      { type: 'function_call', name: 'forecast', text: script.arguments },
      { type: 'function_call_output', text: 'Rain until five.' },
    ]);
    expect(rig.server.sessions[1]!.refused).toEqual([]);
  });
});
