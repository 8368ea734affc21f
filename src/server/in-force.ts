import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AgentDefinition } from '../ports/agent.ts';
import type { AgentDirectory } from '../routing/agents.ts';
import { Authenticator } from './auth.ts';
import type { Backends, BackendSet } from './backend-set.ts';
import type { GatewayConfig } from './config.ts';
import type { SpendConfig } from './config-spend.ts';
import { isLoopbackHost, type OriginPolicy } from './origin.ts';

/** A configuration with what was made of it: what new calls get. Never changes; another takes over. */
export interface InForce {
  /** Counts configurations of this process from 1. */
  readonly generation: number;
  /** As it is in force, which is the file's but for what needs a restart. */
  readonly config: GatewayConfig;
  /** Settings of the file that are not in force before a restart. */
  readonly restart: readonly string[];
  readonly auth: Authenticator;
  readonly origins: OriginPolicy;
  readonly directory: AgentDirectory;
  readonly backends: BackendSet;
}

/** Puts a configuration in force around its backends. */
export function inForce(
  { config, restart }: Pick<InForce, 'config' | 'restart'>,
  backends: BackendSet,
  generation: number,
): InForce {
  const auth = new Authenticator(config.keys);
  const { allowedOrigins } = config.server;
  const { directory } = config;
  const origins = { allowedOrigins, loopbackOnly: auth.open };
  return { generation, config, restart, auth, origins, directory, backends };
}

/**
 * What of a configuration a process can take over that already listens, and which settings have to
 * wait for a restart.
 *
 * @param running what the process listens with
 */
export function takeable(
  wanted: GatewayConfig,
  running: Pick<GatewayConfig, 'server' | 'keys' | 'keeping'>,
): Pick<InForce, 'config' | 'restart'> {
  const { host, port, tls } = running.server;
  const restart: string[] = [];
  if (wanted.server.host !== host) restart.push('server.host');
  if (wanted.server.port !== port) restart.push('server.port');
  const sameScheme = (wanted.server.tls === null) === (tls === null);
  if (!sameScheme) restart.push('server.tls');
  // The file is sound for the address that it names, which is not the one that is listened on.
  const wouldOpen = wanted.keys.length === 0 && !isLoopbackHost(host);
  if (wouldOpen) restart.push('auth.keys');
  // Threads and their files are made once.
  if (!isDeepStrictEqual(wanted.keeping, running.keeping))
    restart.push('store, recordings, webhooks');
  const server = { ...wanted.server, host, port, tls: sameScheme ? wanted.server.tls : tls };
  const keys = wouldOpen ? running.keys : wanted.keys;
  const { keeping } = running;
  return { config: { ...wanted, server, keys, keeping }, restart };
}

/** Whether any agent wants the caller's microphone cleaned of the agent's own voice. */
export function wantsCanceller({ agents }: AgentDirectory): boolean {
  return agents.some(({ turns }) => turns.manner?.echo === 'aec3');
}

/** Backends that are there for running calls alone. */
export function leavingBackends({ backends }: InForce, all: Backends['all']): Backends['all'] {
  const current = new Set(backends.all);
  return all.filter((backend) => !current.has(backend) && backend.calls > 0);
}

/**
 * The state of a process as far as new calls can tell, as plain data to compare. Secrets are in it
 * as digests; it is shown to nobody.
 */
export interface RunningState {
  readonly server: Readonly<Record<string, unknown>>;
  readonly keys: readonly unknown[];
  readonly origins: OriginPolicy;
  readonly agents: readonly AgentDefinition[];
  readonly defaultAgent: string;
  readonly spend: SpendConfig;
  readonly backends: readonly unknown[];
  readonly canceller: boolean;
}

/** Describes what is in force by its parts, not by the file they were made from. */
export function describeInForce(
  { auth, origins, directory, backends, config }: InForce,
  parts: {
    /** Most calls at once. */
    readonly maxCalls: number;
    readonly drainMs: number;
    /** Whether echo is cancelled for the agents that want it. */
    readonly cancelling: boolean;
  },
): RunningState {
  const { tls, host, port, sessionCapMs, idleTimeoutMs, faultInjection } = config.server;
  const { maxCalls, drainMs, cancelling } = parts;
  const certificate = tls === null ? null : digestOf(`${tls.cert}\n${tls.key}`);
  return {
    server: {
      ...{ host, port, certificate, sessionCapMs, idleTimeoutMs, faultInjection },
      ...{ maxCalls, drainMs },
    },
    keys: auth.describe(),
    origins,
    agents: directory.agents,
    defaultAgent: directory.defaultAgent,
    spend: config.spend,
    backends: backends.all.map(({ entry, state, failure }) => ({ ...entry, state, failure })),
    canceller: cancelling && wantsCanceller(directory),
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
