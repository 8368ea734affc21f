import { get } from 'node:https';
import { HttpToolServer } from '../../upstream/tools/http-tool-server.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import {
  backendKinds,
  plays,
  startStandIn,
  type BackendKind,
  type ScriptedStandIn,
} from './stand-ins.ts';
import { throwAwayCertificate } from '../stage.ts';
import { scenarios, type Scenario } from './scenarios.ts';

/** One tool call as `/api/calls/:id` shows it. */
export interface LedgerLine {
  readonly name: string;
  readonly state: string;
  readonly runner: string;
  readonly atMs: number;
  readonly answeredAtMs: number | null;
}

/** The running gateway with an agent for each scenario on each backend, and what stands behind it. */
export interface ToolStage {
  readonly gateway: TestGateway;
  readonly ca: string;
  readonly server: HttpToolServer;
  readonly agent: (scenario: Scenario, kind: BackendKind) => string;
  /** What `/api/calls/:id` shows of the only call of an agent. */
  readonly record: (agent: string) => Promise<CallShown>;
  /** Rules of the vendors' protocols that were broken. */
  readonly violations: () => readonly string[];
  readonly close: () => Promise<void>;
}

export interface CallShown {
  readonly tools: readonly LedgerLine[];
  readonly events: readonly { readonly type: string; readonly [key: string]: unknown }[];
}

export async function openToolStage(): Promise<ToolStage> {
  const server = await HttpToolServer.open({
    '/rooms': { body: '{"room":12}' },
    '/slow': { delayMs: 6_000, body: '{"room":12}' },
    '/later': { delayMs: 3_000, body: '{"room":12}' },
    '/throws': { status: 500, body: 'the hotel is on fire' },
    '/hangs': { delayMs: 60_000 },
    '/big': { body: JSON.stringify('x'.repeat(20_000)) },
  });
  const standIns: ScriptedStandIn[] = [];
  const backends: Record<string, object> = {};
  const agents: Record<string, object> = {};
  const agent = ({ name }: Scenario, kind: BackendKind): string => `${name}-${kind}`;
  for (const scenario of scenarios) {
    for (const kind of backendKinds.filter((each) => plays(each, scenario))) {
      const name = agent(scenario, kind);
      const standIn = await startStandIn[kind](scenario);
      standIns.push(standIn);
      backends[name] = standIn.backend;
      agents[name] = {
        backends: [name],
        turns: { silenceDurationMs: 400 },
        tools: scenario.tools(server.url),
      };
    }
  }
  const { cert, key } = await throwAwayCertificate();
  const gateway = await startGateway({
    config: JSON.stringify({ backends, agents }),
    tls: { cert, key },
  });
  return {
    gateway,
    ca: cert,
    server,
    agent,
    record: async (name) => {
      const list = (await read(`${gateway.url}/api/calls`, cert)) as {
        readonly calls: readonly { readonly callId: string; readonly agent: string }[];
      };
      const found = list.calls.find((each) => each.agent === name);
      if (found === undefined) throw new Error(`no call of ${name}`);
      return (await read(`${gateway.url}/api/calls/${found.callId}`, cert)) as CallShown;
    },
    violations: () => standIns.flatMap((each) => each.violations()),
    close: async () => {
      await gateway.close();
      await Promise.all(standIns.map((each) => each.close()));
      await server.close();
    },
  };
}

function read(url: string, ca: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    get(url, { ca }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () => resolve(JSON.parse(text)));
    }).on('error', reject);
  });
}
