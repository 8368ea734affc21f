import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process, { cwd, env } from 'node:process';
import { destination } from 'pino';
import { createOpenAiLiveClient } from '../adapters/clients/openai-live/index.ts';
import { createOpenAiRealtimeClient } from '../adapters/clients/openai-realtime/index.ts';
import { installedSmartTurn } from '../adapters/detectors/smart-turn/installed.ts';
import { SileroDetector } from '../adapters/detectors/silero-vad/silero-detector.ts';
import { Aec3Canceller } from '../adapters/echo/aec3/aec3-canceller.ts';
import { httpCheck } from '../adapters/gate/http-check/index.ts';
import { readModelPackage, verifyFiles } from '../adapters/inference/model-package.ts';
import { WireFolder } from '../adapters/shared/wire-folder.ts';
import { prepareResampler } from './audio/resampler.ts';
import { createCall } from './call/call.ts';
import { parseCommand, type CliCommand } from './cli/arguments.ts';
import { helpText } from './cli/help.ts';
import { pulledFile, pulledModelsFolder, readDownloads } from './cli/model-download.ts';
import { ModelError } from './cli/model-error.ts';
import { listDownloads, pullModel, verifyDownload } from './cli/models.ts';
import { runReplay } from './cli/replay.ts';
import { TalkError } from './cli/talk-error.ts';
import { talkReport } from './cli/talk-report.ts';
import { runTalk } from './cli/talk.ts';
import { terminal } from './cli/terminal.ts';
import { countMemoryOnce } from './collector.ts';
import { backendOf, backendSchemas, listenerOf, voiceOf } from './composition/backend-types.ts';
import { checkReferences } from './composition/check-references.ts';
import { ConfigFollower } from './composition/config-follower.ts';
import { ConfigThread } from './composition/config-thread.ts';
import { recordingsOf, storeOf, usualStore } from './composition/keeping.ts';
import { root } from './composition/root.ts';
import { createToolbox } from './composition/toolbox.ts';
import { loadConfigFile, usualConfigName, type LoadedConfig } from './config-file.ts';
import { asCallError } from './ports/errors.ts';
import type { Logger } from './ports/log.ts';
import type { ToolPort } from './ports/tool.ts';
import type { GatewayConfig } from './server/config.ts';
import { startGateway, type Gateway } from './server/gateway.ts';
import { jsonLogger } from './server/json-log.ts';
import { problemText } from './server/problems.ts';
import { systemClock } from './time/clock.ts';
import { randomIds } from './time/ids.ts';
import { placeOrderTool } from './tools/place-order.ts';

export interface OpenGatewayOptions {
  readonly config: GatewayConfig;
  /** Folder in which the configuration's relative paths start. */
  readonly folder: string;
  readonly log: Logger;
  /** Takes recordings of connections to upstreams; absent: nothing is recorded. */
  readonly wires?: WireFolder | null;
  /** Tools for agents that name them. */
  readonly tools?: readonly ToolPort[];
}

/** Recordings of wires hold everything that is said: not where something is to be taken out of it. */
function recordable({ directory }: GatewayConfig, log: Logger): boolean {
  const redacting = directory.agents.filter(({ redact }) => redact !== undefined);
  if (redacting.length === 0) return true;
  log.info('wires.not_recorded', { agents: redacting.map(({ name }) => name) });
  return false;
}

/** Puts everything together and starts to listen. @throws Error when the port cannot be had */
export async function openGateway(options: OpenGatewayOptions): Promise<Gateway> {
  const { config, folder, log } = options;
  const kept = { folder, env, clock: systemClock, log };
  const wires = recordable(config, log) ? (options.wires ?? null) : null;
  const clock = systemClock;
  const ids = randomIds(randomBytes);
  await prepareResampler();
  return await startGateway({
    config,
    clients: [
      createOpenAiRealtimeClient({ clock, ids, log }),
      createOpenAiLiveClient({ clock, ids, log }),
    ],
    createBackend: (entry) => backendOf(entry, { folder, wires }),
    detector: new SileroDetector({ clock }),
    endOfTurn: installedSmartTurn({ clock, log, weights: smartTurnWeights() }).detector,
    createCanceller: () => new Aec3Canceller(),
    createListener: (declaration) => listenerOf(declaration, { folder, wires }),
    createVoice: (declaration) => voiceOf(declaration, { folder, wires }),
    tools: [],
    createGateCheck: (check) => httpCheck(check, { env }),
    store: storeOf(config.keeping, kept),
    createRecordings: () => recordingsOf(config.keeping, kept),
    toolbox: createToolbox({
      clock,
      log,
      folder,
      registered: [placeOrderTool(log), ...(options.tools ?? [])],
    }),
    createCall,
    clock,
    ids,
    log,
  });
}

/** Where the end-of-turn model is when it was pulled. */
function smartTurnWeights(): ReturnType<typeof pulledFile> {
  return pulledFile(readDownloads(join(root, 'models')), 'smart-turn', pulledModelsFolder(env));
}

/** Runs one command line. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  switch (command.kind) {
    case 'help':
      console.log(helpText);
      return 0;
    case 'version':
      console.log(versionText());
      return 0;
    case 'usage':
      console.error(`parley: ${command.message}\nTry: npx parley help`);
      return 2;
    case 'not_yet':
      console.error(command.message);
      return 2;
    case 'serve':
      return await serve(command);
    case 'check':
      return check(command);
    case 'models':
      return await models(command.action);
    case 'pull':
      return await pull(command);
    case 'talk':
      return await talk(command);
    case 'replay':
      return await runReplay(command, terminal(process.stderr));
  }
}

async function serve({
  configPath,
  host,
  port,
  recordWire,
}: CliCommand & { readonly kind: 'serve' }): Promise<number> {
  countMemoryOnce();
  const request = {
    path: configPath,
    workingFolder: cwd(),
    overrides: { ...(host === null ? {} : { host }), ...(port === null ? {} : { port }) },
  };
  const loaded = loadConfigFile({ ...request, env, backendSchemas });
  if (!loaded.result.ok) return printProblems(loaded);
  const config = withStore(loaded.result.config, loaded.fileName !== null);
  const log = jsonLogger(destination(2));
  let wires: WireFolder | null = null;
  try {
    if (recordWire !== null) {
      wires = await WireFolder.at({ folder: resolve(recordWire), clock: systemClock, log });
    }
  } catch {
    console.error(`parley: --record-wire: ${recordWire} cannot be written to`);
    return 1;
  }
  let gateway: Gateway;
  try {
    gateway = await openGateway({ config, folder: loaded.folder, log, wires });
  } catch (thrown) {
    console.error(`parley: ${listenFailure(thrown, config)}`);
    return 1;
  }
  const thread = new ConfigThread({ clock: systemClock });
  const follower = new ConfigFollower({
    gateway,
    file: resolve(configPath ?? usualConfigName),
    request,
    read: (asked) => thread.read(asked),
    clock: systemClock,
    log,
  });
  const stopped = untilStopped(gateway, () => follower.reread('asked'));
  const reasons = await gateway.prepared;
  const state = reasons.length === 0 ? '' : ' (not everything is ready: see /readyz)';
  console.log(`Parley listens on ${gateway.url}${state}`);
  await stopped;
  follower.close();
  thread.close();
  await wires?.close();
  return 0;
}

/** A trial without a configuration writes nothing down; a file that does not say keeps calls in SQLite. */
function withStore(config: GatewayConfig, isFile: boolean): GatewayConfig {
  const { keeping } = config;
  if (keeping.store !== null || !isFile) return config;
  return { ...config, keeping: { ...keeping, store: usualStore } };
}

/**
 * The first signal to end lets running calls finish, the second ends them at once; SIGHUP asks for
 * the configuration to be read again.
 */
async function untilStopped(gateway: Gateway, reread: () => void): Promise<void> {
  const stopped = Promise.withResolvers<null>();
  let asked = false;
  const stop = (): void => {
    const closed = asked ? gateway.closeNow() : gateway.close();
    asked = true;
    closed.then(() => stopped.resolve(null), stopped.reject);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', reread);
  try {
    await stopped.promise;
  } finally {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    process.off('SIGHUP', reread);
  }
}

function check({ configPath }: CliCommand & { readonly kind: 'check' }): number {
  const loaded = loadConfigFile({ path: configPath, workingFolder: cwd(), env, backendSchemas });
  if (!loaded.result.ok) return printProblems(loaded);
  const { problems, warnings } = checkReferences(loaded, env);
  const file = loaded.fileName ?? usualConfigName;
  for (const warning of warnings) console.error(`${problemText(file, warning)} (a warning)`);
  if (problems.length > 0) return printProblems({ ...loaded, result: { ok: false, problems } });
  const { agents, defaultAgent } = loaded.result.config.directory;
  const from = loaded.fileName ?? `no ${usualConfigName} here, so the built-in configuration`;
  const names = agents.map(({ name }) => (name === defaultAgent ? `${name} (default)` : name));
  console.log(`${from}: no problems. Agents: ${names.join(', ')}.`);
  return 0;
}

async function models(action: 'list' | 'verify'): Promise<number> {
  const folder = join(root, 'models');
  let failures = 0;
  for (const name of readdirSync(folder).toSorted()) {
    if (!existsSync(join(folder, name, 'manifest.json'))) continue;
    try {
      const model = readModelPackage(join(folder, name));
      if (action === 'verify') await verifyFiles(model);
      console.log(
        `${name}: ${action === 'verify' ? 'every file is as its manifest says' : join(folder, name)}`,
      );
    } catch (thrown) {
      failures += 1;
      console.error(`${name}: ${asCallError(thrown).message}`);
    }
  }
  const downloads = readDownloads(folder);
  const pulled = pulledModelsFolder(env);
  if (action === 'list') {
    for (const line of await listDownloads(downloads, pulled)) console.log(line);
    return failures === 0 ? 0 : 1;
  }
  for (const download of downloads) {
    const { ok, text } = await verifyDownload(download, pulled);
    if (ok) console.log(text);
    else console.error(text);
    if (!ok) failures += 1;
  }
  return failures === 0 ? 0 : 1;
}

async function pull({ model, from, to }: CliCommand & { readonly kind: 'pull' }): Promise<number> {
  const downloads = readDownloads(join(root, 'models'));
  const download = downloads.find(({ name }) => name === model);
  if (download === undefined) {
    const names = downloads.map(({ name }) => name).join(', ');
    console.error(`parley: there is no model ${JSON.stringify(model)} to pull, only ${names}`);
    return 2;
  }
  const out = terminal(process.stderr);
  try {
    const folder = to === null ? pulledModelsFolder(env) : resolve(to);
    await pullModel(download, { folder, from, terminal: out });
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    out.line(`parley: ${thrown.message}`);
    return 1;
  }
}

async function talk(command: CliCommand & { readonly kind: 'talk' }): Promise<number> {
  const { json, key, ...options } = command;
  try {
    // A key on the command line is seen by everyone on the machine; the environment is not.
    const result = await runTalk({ ...options, key: key ?? env['PARLEY_KEY'] ?? null });
    console.log(json ? JSON.stringify(result, null, 2) : talkReport(result));
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof TalkError)) throw thrown;
    console.error(`parley: ${thrown.message}`);
    return 1;
  }
}

function printProblems({ fileName, result }: LoadedConfig): number {
  if (result.ok) return 0;
  const name = fileName ?? 'command line';
  for (const problem of result.problems) console.error(problemText(name, problem));
  const count = result.problems.length;
  console.error(`${count} problem${count === 1 ? '' : 's'}.`);
  return 1;
}

function listenFailure(thrown: unknown, { server }: GatewayConfig): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  if (code === 'EADDRINUSE') return `port ${server.port} on ${server.host} is taken`;
  if (code === 'EACCES') return `this user may not listen on port ${server.port}`;
  return thrown instanceof Error ? thrown.message : 'the server could not start';
}

function versionText(): string {
  const text = readFileSync(join(root, 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return `parley ${version} (Node ${process.versions.node})`;
}
