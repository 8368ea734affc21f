import type { AddressInfo } from 'node:net';
import type { EchoCancellerPort } from '../ports/echo-canceller.ts';
import type { EndOfTurnPort } from '../ports/end-of-turn.ts';
import { Server as TlsServer } from 'node:tls';
import { CallError } from '../ports/errors.ts';
import { stillPreparing } from '../routing/policy.ts';
import { Admission } from './admission.ts';
import { Backends } from './backend-set.ts';
import { Calls } from './calls.ts';
import type { GatewayConfig } from './config.ts';
import { BackendProbes } from './backend-probes.ts';
import { Drain } from './drain.ts';
import { GuardedDetector } from './guarded-detector.ts';
import { createHttp } from './http.ts';
import {
  describeInForce,
  leavingBackends,
  wantsCanceller,
  type InForce,
  type RunningState,
} from './in-force.ts';
import { Keeping } from './keeping.ts';
import { Listeners } from './listeners.ts';
import { OptionalPart } from './optional-part.ts';
import type { Configuration } from './metrics-config.ts';
import { Metrics, type FigureSource } from './metrics.ts';
import { Readiness } from './readiness.ts';
import { Reloads, type ReloadOutcome } from './reloads.ts';
import { SpendDay } from './spend-day.ts';
import { SpokenPhrases } from './spoken-phrases.ts';
import { UpgradePath } from './upgrade.ts';
import { WebSocketAcceptor } from './websocket.ts';
import type { Gateway, GatewayParts } from './gateway-parts.ts';

export type { Gateway, GatewayParts } from './gateway-parts.ts';

/** Starts to listen, and to prepare what calls need. @throws Error when the port cannot be had */
export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const running = new RunningGateway(parts);
  await running.listen();
  return running;
}

/** Wiring only: what happens is in the parts. */
class RunningGateway implements Gateway {
  readonly #parts: GatewayParts;
  readonly #readiness = new Readiness();
  readonly #stopPreparing = new AbortController();
  readonly #backends: Backends;
  readonly #detector: GuardedDetector | null;
  readonly #endOfTurn: OptionalPart<EndOfTurnPort>;
  readonly #canceller: OptionalPart<EchoCancellerPort>;
  readonly #listeners: Listeners;
  readonly #phrases: SpokenPhrases | null;
  readonly #drain: Drain;
  readonly #admission: Admission;
  readonly #spendDay: SpendDay;
  readonly #acceptor: WebSocketAcceptor;
  readonly #metrics: Metrics;
  readonly #reloads: Reloads;
  readonly #probes: BackendProbes;
  readonly #keeping: Keeping;
  readonly #app: ReturnType<typeof createHttp>;
  #prepared: Promise<readonly string[]> = Promise.resolve([]);
  #toolsReady: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(parts: GatewayParts) {
    const { config, clock, log, endOfTurn = null, createCanceller = null } = parts;
    const { createListener = noListener } = parts;
    const { signal } = this.#stopPreparing;
    this.#parts = parts;
    this.#backends = new Backends({ create: parts.createBackend, clock, log });
    const readiness = this.#readiness;
    this.#detector =
      parts.detector === null
        ? null
        : new GuardedDetector({ detector: parts.detector, readiness, clock, log, signal });
    this.#endOfTurn = new OptionalPart(endOfTurn === null ? null : () => endOfTurn, { log });
    this.#canceller = new OptionalPart(createCanceller, { log });
    this.#drain = new Drain({ clock, drainMs: config.server.drainMs });
    this.#spendDay = new SpendDay({ clock, config: config.spend });
    this.#admission = new Admission({
      maxCalls: config.server.maxCalls,
      check: (keyId) => this.#spendDay.admit(keyId),
    });
    this.#acceptor = new WebSocketAcceptor({ clock });
    this.#listeners = new Listeners({ create: createListener, chance: Math.random, log });
    const { createVoice } = parts;
    this.#phrases =
      createVoice === undefined ? null : new SpokenPhrases({ create: createVoice, clock, log });
    this.#reloads = new Reloads({
      config,
      backends: this.#backends,
      clock,
      log,
      canceller: () => this.#canceller.prepare(signal),
      onInForce: (now) => this.#limit(now),
      setCertificate: (tls) => {
        const { server } = this.#app;
        if (server instanceof TlsServer) server.setSecureContext(tls);
      },
    });
    this.#metrics = this.#createMetrics();
    const { ids, store = null, createRecordings = null } = parts;
    const current = (): InForce => this.#reloads.current;
    this.#probes = new BackendProbes({ current, clock, ids, log, chance: Math.random });
    const { keeping } = config;
    this.#keeping = new Keeping({ config: keeping, store, createRecordings, clock, ids, log });
    const upgrades = this.#createUpgrades();
    this.#app = createHttp({
      inForce: () => this.#reloads.current,
      reloads: this.#reloads,
      backends: this.#backends,
      book: this.#keeping.book,
      recordings: this.#keeping.recordings,
      operator: {
        handOver: (callId, to) => this.#drain.find(callId)?.handOver?.(to) ?? null,
        breakBackend: (callId) => this.#drain.find(callId)?.breakBackend?.() ?? null,
      },
      metrics: this.#metrics,
      readiness,
      listeners: this.#listeners,
      clock,
      log,
      socketPaths: parts.clients.map(({ path }) => path),
      tls: config.server.tls,
    });
    this.#app.server.on('upgrade', (request, socket, head) =>
      upgrades.handle(request, socket, head),
    );
  }

  get prepared(): Promise<readonly string[]> {
    return this.#prepared;
  }

  get host(): string {
    return this.#parts.config.server.host;
  }

  get port(): number {
    return (this.#app.server.address() as AddressInfo).port;
  }

  get url(): string {
    const scheme = this.#parts.config.server.tls === null ? 'http' : 'https';
    return `${scheme}://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`;
  }

  /** @throws Error when the port cannot be had; everything is let go then */
  async listen(): Promise<void> {
    const { config, log } = this.#parts;
    const { host, port } = config.server;
    try {
      await this.#app.listen({ host, port });
    } catch (thrown) {
      await this.#letGo();
      throw thrown;
    }
    if (this.#reloads.current.auth.open) {
      log.warn('auth.open', { reason: 'no keys are configured: loopback only' });
    }
    log.info('server.listening', { url: this.url });
    this.#prepared = this.#prepare();
    this.#probes.start();
  }

  reload(config: GatewayConfig): Promise<ReloadOutcome> {
    return this.#reloads.apply(config);
  }

  refuse(problems: readonly string[]): void {
    this.#reloads.refuse(problems);
  }

  describe(): RunningState {
    const { maxCalls } = this.#admission;
    const { drainMs } = this.#drain;
    const cancelling = this.#canceller.ready !== null;
    return describeInForce(this.#reloads.current, { maxCalls, drainMs, cancelling });
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  closeNow(): Promise<void> {
    const closed = this.close();
    this.#drain.closeAll();
    return closed;
  }

  #limit({ config: { server, directory, spend } }: InForce): void {
    this.#listeners.configure(directory.agents);
    this.#phrases?.configure(directory.agents);
    this.#toolsReady = this.#parts.toolbox?.configure(directory.agents) ?? Promise.resolve();
    this.#admission.maxCalls = server.maxCalls;
    this.#spendDay.config = spend;
    this.#drain.drainMs = server.drainMs;
  }

  #createMetrics(): Metrics {
    const admission = this.#admission;
    return new Metrics({
      clock: this.#parts.clock,
      sources: { [Symbol.iterator]: () => this.#figureSources().values() },
      house: {
        get callsLimit() {
          return admission.maxCalls;
        },
        sockets: () => this.#acceptor.open,
        draining: () => this.#drain.draining,
        ready: (kind, name) => this.#isReady(kind, name),
      },
      configuration: () => this.#configurationFigures(),
      toolbox: () => this.#parts.toolbox?.figures() ?? {},
      keeping: () => this.#keeping.figures(),
    });
  }

  #configurationFigures(): ReturnType<Configuration> {
    const { current, problems, counts } = this.#reloads;
    const { made, closed, all } = this.#backends;
    return {
      generation: current.generation,
      problems: problems.length,
      restart: current.restart.length,
      leaving: leavingBackends(current, all).length,
      made,
      closed,
      outcomes: counts,
    };
  }

  #isReady(kind: FigureSource['kind'], name: string): boolean {
    if (kind === 'detector') return this.#readiness.of(kind, name) === 'ready';
    return this.#reloads.current.backends.find(name)?.state === 'ready';
  }

  #figureSources(): readonly FigureSource[] {
    const detectors = [this.#parts.detector, this.#endOfTurn.made, this.#canceller.made];
    return [
      ...this.#listeners.all.map((each) => ({ kind: 'listener' as const, ...each })),
      ...this.#reloads.current.backends.all.map((backend) => ({
        kind: 'backend' as const,
        name: backend.name,
        figures: () => backend.figures(),
      })),
      ...detectors.flatMap((part) =>
        part === null
          ? []
          : [{ kind: 'detector' as const, name: part.name, figures: () => part.figures() }],
      ),
    ];
  }

  #createUpgrades(): UpgradePath {
    const { clients, clock, ids, log, tools, createCall } = this.#parts;
    const calls = new Calls({
      createCall,
      clock,
      ids,
      log,
      book: this.#keeping.book,
      drain: this.#drain,
      metrics: this.#metrics,
      spendDay: this.#spendDay,
      recordings: this.#keeping.recordings,
      news: this.#keeping.news,
      toolbox: this.#parts.toolbox ?? null,
      listeners: this.#listeners,
      phrases: (agent) => this.#phrases?.of(agent) ?? null,
      parts: (agent) => ({
        detector: this.#detectorState() === 'ready' ? this.#detector : null,
        endOfTurn: this.#endOfTurn.ready,
        canceller: this.#canceller.ready,
        gateCheck: agent.gate?.check
          ? (this.#parts.createGateCheck?.(agent.gate.check) ?? null)
          : null,
        tools: tools.filter(({ definition }) => agent.tools.includes(definition.name)),
      }),
    });
    return new UpgradePath({
      clients,
      inForce: () => this.#reloads.current,
      admission: this.#admission,
      acceptor: this.#acceptor,
      clock,
      ids,
      log,
      draining: () => this.#drain.draining,
      unavailable: ({ backends }, names) => {
        const preparing =
          this.#detectorState() === 'preparing' || stillPreparing(backends.candidates(names));
        return preparing
          ? new CallError('model_unavailable', 'The models are still being loaded.')
          : null;
      },
      startCall: (start) => calls.start(start),
      onRefused: ({ code }) => this.#metrics.refused(code),
    });
  }

  /** Where there is none nothing waits for it, and calls get none. */
  #detectorState(): ReturnType<Readiness['of']> {
    return this.#readiness.of('detector', this.#detector?.name ?? '');
  }

  async #prepare(): Promise<readonly string[]> {
    const { clock, log } = this.#parts;
    const { signal } = this.#stopPreparing;
    const startMs = clock.nowMs();
    const detector = this.#detector;
    const { backends, directory } = this.#reloads.current;
    const helpers = [this.#endOfTurn.prepare(signal)];
    if (wantsCanceller(directory)) helpers.push(this.#canceller.prepare(signal));
    if (detector !== null) {
      await this.#readiness.track('detector', detector.name, () => detector.prepare(signal));
    }
    await backends.prepared;
    const reasons = [...backends.reasons(), ...this.#readiness.reasons()];
    for (const reason of reasons) log.error('server.not_ready', { reason });
    if (reasons.length === 0) log.info('server.ready', { prepareMs: clock.nowMs() - startMs });
    await Promise.all([...helpers, this.#toolsReady, this.#phrases?.made]);
    return reasons;
  }

  async #end(): Promise<void> {
    const { log } = this.#parts;
    this.#readiness.setDraining();
    log.info('server.draining', { calls: this.#drain.running, drainMs: this.#drain.drainMs });
    await this.#drain.begin();
    await this.#letGo();
    log.info('server.stopped');
  }

  async #letGo(): Promise<void> {
    this.#stopPreparing.abort(new CallError('server_draining', 'The server is shutting down.'));
    this.#probes.close();
    await this.#acceptor.end(1012, 'the server is shutting down');
    this.#metrics.close();
    await this.#app.close();
    this.#reloads.close();
    await this.#backends.closeAll();
    await this.#parts.toolbox?.close();
    await this.#listeners.close();
    await this.#phrases?.close();
    await this.#detector?.close();
    await Promise.all([this.#endOfTurn.close(), this.#canceller.close()]);
    await this.#keeping.close();
  }
}

function noListener(): never {
  throw new CallError('model_unavailable', 'This program has no recognisers.');
}
