import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';
import { MetricsSnapshot } from './prometheus.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const entry = fileURLToPath(new URL('../../bin/parley.mjs', import.meta.url));

export interface GatewayOptions {
  /** Port of the hosted stand-in; `null` where only the bundled model is called. */
  readonly upstreamPort: number | null;
  /** Agents and backends instead of the usual ones. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Where a CPU profile of it is written at its end; `null` = none is taken. */
  readonly profileFolder: string | null;
}

/** Agent of the measured gateway that answers through the hosted stand-in. */
export const hostedAgent = 'steady';

/** A gateway as anybody would start it, in a process of its own. Owned by who started it. */
export class MeasuredGateway {
  readonly #program: Program;
  readonly #folder: TemporaryFolder;
  readonly #url: string;

  private constructor(program: Program, folder: TemporaryFolder, url: string) {
    this.#program = program;
    this.#folder = folder;
    this.#url = url;
  }

  /** @throws Error with its last words when it does not start */
  static async start({
    upstreamPort,
    config,
    profileFolder,
  }: GatewayOptions): Promise<MeasuredGateway> {
    const folder = new TemporaryFolder('parley-bench');
    const configFile = join(folder.path, 'parley.yaml');
    writeFileSync(configFile, JSON.stringify(configOf(upstreamPort, config)));
    const profile = profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
    const program = new Program({
      command: process.execPath,
      args: [...profile, entry, 'serve', '--config', configFile],
    });
    try {
      const [, url] = await program.lineLike(/^Parley listens on (\S+)$/);
      return new MeasuredGateway(program, folder, url!);
    } catch (thrown) {
      await program.end();
      folder.remove();
      throw thrown;
    }
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Where an agent is called. */
  callUrl(agent: string): string {
    return `${this.#url.replace('http', 'ws')}/v1/realtime?model=${agent}`;
  }

  /** What it says at a path of its HTTP side. @throws Error when it does not say it */
  async told(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`);
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return await response.json();
  }

  /** Its own figures, as an operator would see them. @throws Error when it does not give them */
  async metrics(): Promise<MetricsSnapshot> {
    const response = await fetch(`${this.#url}/metrics`);
    if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
    return new MetricsSnapshot(await response.text());
  }

  /** Ends it in order. Idempotent. */
  async end(): Promise<void> {
    await this.#program.end();
    this.#folder.remove();
  }
}

/** JSON is YAML. No limit of its own stands in the way of a measurement. */
function configOf(upstreamPort: number | null, config: GatewayOptions['config']): unknown {
  const server = { host: '127.0.0.1', port: 0, maxCalls: 100_000, drainMs: 500 };
  if (config !== undefined) return { server, ...config };
  if (upstreamPort === null) return { server };
  const url = `ws://127.0.0.1:${upstreamPort}/v1/realtime`;
  return {
    server: { ...server, defaultAgent: hostedAgent },
    backends: { [hostedAgent]: { type: 'openai-realtime', model: 'steady', url } },
    // The longest lead there is: after a stall the pace would hold back audio that the caller's player
    // does not need yet, which is no delay of the gateway's.
    agents: {
      [hostedAgent]: {
        backends: [hostedAgent],
        turns: { authority: 'gateway' },
        playoutLeadMs: 2_000,
      },
    },
  };
}
