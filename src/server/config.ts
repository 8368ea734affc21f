import { z } from 'zod';
import type { AgentDefinition } from '../ports/agent.ts';
import type { AgentDirectory } from '../routing/agents.ts';
import { backendsOf } from '../routing/route.ts';
import { assembleAgents } from './config-agents.ts';
import { readConnections, type ConnectionLimits } from './config-connections.ts';
import { readKeeping, type KeepingConfig } from './config-keeping.ts';
import { readKeys, readTls } from './config-secrets.ts';
import { readSpend, type SpendConfig } from './config-spend.ts';
import { configSchema, salvage, type BackendSchemas, type ConfigFile } from './config-schema.ts';
import { builtinAgents, builtinBackends, builtinDefaultAgent } from './builtin.ts';
import type { ApiKey } from './auth.ts';
import { isLoopbackHost } from './origin.ts';
import { PositionedYaml, type ConfigProblem } from './problems.ts';
import { schemaProblems } from './schema-problems.ts';
import { suggestion } from './suggestion.ts';

/** A backend as configured: its type's own schema has read the options. */
export interface BackendEntry {
  readonly name: string;
  readonly type: string;
  readonly options: unknown;
  /** Absent: as all backends by default. */
  readonly connections?: ConnectionLimits;
}

/** Everything a process needs to serve; secrets are in it, so it is never printed. */
export interface GatewayConfig {
  readonly server: {
    readonly host: string;
    /** 0 = any free one. */
    readonly port: number;
    /** PEM texts. */
    readonly tls: { readonly cert: string; readonly key: string } | null;
    readonly allowedOrigins: readonly string[];
    readonly maxCalls: number;
    readonly drainMs: number;
    /** Longest call, ms; `null` = no cap. */
    readonly sessionCapMs: number | null;
    /** Longest time without anything from a client, ms; `null` = for ever. */
    readonly idleTimeoutMs: number | null;
    /** Whether operators may make the backend of a running call fail. */
    readonly faultInjection: boolean;
  };
  readonly keys: readonly ApiKey[];
  /** Those that an agent uses or the file names. */
  readonly backends: readonly BackendEntry[];
  readonly directory: AgentDirectory;
  readonly spend: SpendConfig;
  readonly keeping: KeepingConfig;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: GatewayConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Where a configuration's references lead. */
export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; relative paths start at the configuration's own folder. Throws when it cannot. */
  readonly readFile: (path: string) => string;
  readonly backendSchemas: BackendSchemas;
  /** What the command line says louder than the file. */
  readonly overrides?: { readonly host?: string; readonly port?: number };
}

/** The longest configuration that is read, in characters. */
const textLimit = 4 * 1024 * 1024;

/**
 * Reads a configuration and finds everything that is wrong with it at once. An empty text is a
 * valid one: the built-in agents on this machine's loopback, without keys.
 */
export function readConfig(text: string, sources: ConfigSources): ConfigResult {
  if (text.length > textLimit) {
    const message = `The configuration is longer than ${textLimit} characters.`;
    return { ok: false, problems: [{ line: 1, column: 1, path: '', message }] };
  }
  const yaml = new PositionedYaml(text);
  const syntax = yaml.syntaxProblems();
  if (syntax.length > 0) return { ok: false, problems: syntax };

  let data: unknown;
  try {
    data = yaml.toData() ?? {};
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : 'The text cannot be read.';
    return { ok: false, problems: [{ line: 1, column: 1, path: '', message }] };
  }
  const parsed = configSchema.safeParse(data, { reportInput: true });
  const problems: ConfigProblem[] = [];
  if (!parsed.success) problems.push(...schemaProblems(yaml, configSchema, parsed.error));
  const backends = readBackends(yaml, data, sources.backendSchemas, problems);
  // What does not depend on the broken parts is still looked at: one run shows every problem.
  const file = parsed.success ? parsed.data : salvage(data);
  const config = assemble(yaml, file, backends, sources, problems);
  return problems.length > 0 ? { ok: false, problems: inOrder(problems) } : { ok: true, config };
}

function assemble(
  yaml: PositionedYaml,
  file: ConfigFile,
  configured: readonly BackendEntry[],
  sources: ConfigSources,
  problems: ConfigProblem[],
): GatewayConfig {
  const ofFile = new Set(Object.keys(file.backends));
  const known = [...configured, ...builtinBackends.filter(({ name }) => !ofFile.has(name))];
  const names = [...new Set([...ofFile, ...known.map(({ name }) => name)])];
  const wantedDefault = file.server.defaultAgent ?? builtinDefaultAgent;
  const agents = assembleAgents(
    yaml,
    file.agents,
    { backends: names, keys: file.auth.keys.map(({ id }) => id) },
    builtinAgents,
    wantedDefault,
    sources.backendSchemas,
    problems,
  );
  if (!agents.some(({ name }) => name === wantedDefault)) {
    const near = suggestion(
      wantedDefault,
      agents.map(({ name }) => name),
    );
    const message = `No agent is called ${JSON.stringify(wantedDefault)}.${near}`;
    problems.push(yaml.problem(['server', 'defaultAgent'], message));
  }
  const keys = readKeys(yaml, file.auth.keys, agents, sources, problems);
  const host = sources.overrides?.host ?? file.server.host;
  if (file.auth.keys.length === 0 && !yaml.has(['auth', 'keys', 0]) && !isLoopbackHost(host)) {
    const message =
      `Without auth.keys only this machine is served, so the host must be a loopback address ` +
      `such as 127.0.0.1, not ${JSON.stringify(host)}.`;
    problems.push(yaml.problem(['server', 'host'], message));
  }
  const tls = readTls(yaml, file.server.tls, sources, problems);
  const connectionsOf = readConnections(yaml, file.connections, names, problems);
  return {
    server: {
      host,
      port: sources.overrides?.port ?? file.server.port,
      tls,
      allowedOrigins: file.server.allowedOrigins,
      maxCalls: file.server.maxCalls,
      drainMs: file.server.drainMs,
      sessionCapMs: file.server.sessionCapMs,
      idleTimeoutMs: file.server.idleTimeoutMs,
      faultInjection: file.server.faultInjection,
    },
    keys,
    backends: known
      .filter(({ name }) => ofFile.has(name) || isUsed(name, agents))
      .map((entry) => ({ ...entry, ...connectionsOf(entry.name) })),
    directory: { agents, defaultAgent: wantedDefault },
    spend: readSpend(yaml, file, [...known, ...listenersOf(agents)], problems),
    keeping: readKeeping(yaml, file, agents, problems),
  };
}

/** Recognisers beside backends have prices too. */
function listenersOf(
  agents: readonly AgentDefinition[],
): readonly { readonly name: string; readonly options: unknown }[] {
  return agents.flatMap(({ name, listener }) =>
    listener === undefined ? [] : [{ name: `${name}.listener`, options: listener.options }],
  );
}

function isUsed(backend: string, agents: readonly AgentDefinition[]): boolean {
  return agents.some((agent) => backendsOf(agent).includes(backend));
}

/** Reads each backend's options with its type's schema; looks at raw data, broken or not. */
function readBackends(
  yaml: PositionedYaml,
  data: unknown,
  schemas: BackendSchemas,
  problems: ConfigProblem[],
): BackendEntry[] {
  const entries: BackendEntry[] = [];
  for (const [name, raw] of Object.entries(groupIn(data, 'backends'))) {
    if (!isGroup(raw) || typeof raw['type'] !== 'string' || raw['type'] === '') continue;
    const { type, ...options } = raw;
    const path = ['backends', name];
    const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
    if (schema === undefined) {
      const types = Object.keys(schemas);
      const near = suggestion(type, types);
      const message = `There is no backend type ${JSON.stringify(type)}.${near || ` There are: ${types.join(', ')}.`}`;
      problems.push(yaml.problem([...path, 'type'], message));
      continue;
    }
    const strict = strictly(schema);
    const parsed = strict.safeParse(options, { reportInput: true });
    if (parsed.success) entries.push({ name, type: type, options: parsed.data });
    else problems.push(...schemaProblems(yaml, strict, parsed.error, path));
  }
  return entries;
}

/** Unknown settings are problems even where an adapter's schema would overlook them. */
function strictly(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject ? schema.strict() : schema;
}

function groupIn(data: unknown, key: string): Readonly<Record<string, unknown>> {
  const group = isGroup(data) ? data[key] : undefined;
  return isGroup(group) ? group : {};
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
