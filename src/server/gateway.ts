import type { AddressInfo } from 'node:net';
import type { AgentDefinition } from '../ports/agent.ts';
import type { BackendPort } from '../ports/backend.ts';
import type { CallControl, ClientPort } from '../ports/client.ts';
import type { DetectorPort } from '../ports/detector.ts';
import type { EchoCancellerPort } from '../ports/echo-canceller.ts';
import type { EndOfTurnPort } from '../ports/end-of-turn.ts';
import { CallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import type { ToolPort } from '../ports/tool.ts';
import type { CallOptions } from '../call/options.ts';
import { backendOrder, stillPreparing, type BackendCandidate } from '../routing/policy.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';
import { Admission } from './admission.ts';
import { Authenticator } from './auth.ts';
import { CallBook } from './call-book.ts';
import type { GatewayConfig } from './config.ts';
import { Drain } from './drain.ts';
import { guardedBackend, type GuardedBackendOptions } from './guarded-backend.ts';
import { GuardedDetector } from './guarded-detector.ts';
import { createHttp } from './http.ts';
import { MemoryStore } from './memory-store.ts';
import { OptionalPart } from './optional-part.ts';
import { Metrics, type FigureSource } from './metrics.ts';
import { Readiness } from './readiness.ts';
import { UpgradePath, type CallStart } from './upgrade.ts';
import { WebSocketAcceptor } from './websocket.ts';

/** What a gateway is made of. It owns backends and detector and closes them at its end. */
export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly clients: readonly ClientPort[];
  /** One for each backend that an agent names. */
  readonly backends: readonly BackendPort[];
  readonly detector: DetectorPort | null;
  /** Nothing waits for it: without it, or until it is ready, silence ends turns. */
  readonly endOfTurn?: EndOfTurnPort | null;
  /** For agents that want one; nothing waits for it either. */
  readonly canceller?: EchoCancellerPort | null;
  readonly tools: readonly ToolPort[];
  readonly createCall: (options: CallOptions) => CallControl;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/** A server that runs. */
export interface Gateway {
  readonly host: string;
  readonly port: number;
  /** `http://…` or `https://…`, without a slash at the end. */
  readonly url: string;
  /** Resolves when every part is ready or has failed; what failed is in the reasons. */
  readonly prepared: Promise<readonly string[]>;
  /**
   * Takes no new calls, waits for the running ones up to the configured deadline, closes them
   * (1012), and frees everything. Asking again gives the same promise.
   */
  close(): Promise<void>;
  /** Closes running calls at once instead of waiting for the deadline. */
  closeNow(): Promise<void>;
}

/** Starts to listen, and to prepare what calls need. @throws Error when the port cannot be had */
export async function startGateway(parts: GatewayParts): Promise<Gateway> {
  const { config, clock, log } = parts;
  const { server, directory, keys } = config;
  const auth = new Authenticator(keys);
  const readiness = new Readiness();
  const stopPreparing = new AbortController();
  const guard = { readiness, clock, log, signal: stopPreparing.signal };
  const backends = new Map(
    parts.backends.map((backend) => [backend.name, guardedBackend(backend, guard)]),
  );
  const detector =
    parts.detector === null ? null : new GuardedDetector({ ...guard, detector: parts.detector });
  const endOfTurn = new OptionalPart(parts.endOfTurn ?? null, { log });
  const canceller = new OptionalPart(parts.canceller ?? null, { log });
  const book = new CallBook({ store: new MemoryStore() });
  const drain = new Drain({ clock, drainMs: server.drainMs });
  const acceptor = new WebSocketAcceptor({ clock });
  const metrics = new Metrics({
    clock,
    sources: figureSources(parts),
    house: {
      callsLimit: server.maxCalls,
      sockets: () => acceptor.open,
      draining: () => drain.draining,
      ready: (kind, name) => readiness.of(kind, name) === 'ready',
    },
  });
  const origins = { allowedOrigins: server.allowedOrigins, loopbackOnly: auth.open };
  const candidates = (agent: AgentDefinition): readonly BackendCandidate[] =>
    agent.backends.map((name) => ({ name, readiness: readiness.of('backend', name) }));

  const startCall = ({ callId, agent, onClosed }: CallStart): CallControl => {
    const startedAt = new Date(clock.epochMs()).toISOString();
    book.open({ callId, agent: agent.name, startedAt });
    let over = false;
    const ended = (): void => {
      over = true;
      drain.remove(callId);
      book.close(callId);
      metrics.forget(callId);
      onClosed();
    };
    const isOver = (): boolean => over;
    try {
      const call = parts.createCall({
        callId,
        agent,
        backends: backendOrder(candidates(agent)).flatMap((name) => backends.get(name) ?? []),
        detector: readiness.of('detector', detector?.name ?? '') === 'ready' ? detector : null,
        endOfTurn: endOfTurn.ready,
        canceller: canceller.ready,
        tools: parts.tools.filter(({ definition }) => agent.tools.includes(definition.name)),
        clock,
        ids: parts.ids,
        log,
        observers: [book, metrics],
        limits: { sessionCapMs: server.sessionCapMs, idleTimeoutMs: server.idleTimeoutMs },
        onClosed: ended,
      });
      // A call that failed at once is over before it is known here.
      if (!isOver()) drain.add(callId, call);
      return call;
    } catch (thrown) {
      ended();
      throw thrown;
    }
  };

  const upgrades = new UpgradePath({
    clients: parts.clients,
    directory,
    auth,
    admission: new Admission({ maxCalls: server.maxCalls }),
    origins,
    acceptor,
    ids: parts.ids,
    log,
    draining: () => drain.draining,
    unavailable: (agent) => {
      const detecting =
        detector !== null && readiness.of('detector', detector.name) === 'preparing';
      if (!detecting && !stillPreparing(candidates(agent))) return null;
      return new CallError('model_unavailable', 'The models are still being loaded.');
    },
    startCall,
    onRefused: ({ code }) => metrics.refused(code),
  });

  const app = createHttp({
    directory,
    backends: parts.backends,
    auth,
    origins,
    book,
    metrics,
    readiness,
    clock,
    log,
    socketPaths: parts.clients.map(({ path }) => path),
    tls: server.tls,
  });
  app.server.on('upgrade', (request, socket, head) => upgrades.handle(request, socket, head));

  const letGo = async (): Promise<void> => {
    stopPreparing.abort(new CallError('server_draining', 'The server is shutting down.'));
    await acceptor.end(1012, 'the server is shutting down');
    metrics.close();
    await app.close();
    await Promise.all(parts.backends.map((backend) => backend.close()));
    await detector?.close();
    await Promise.all([endOfTurn.close(), canceller.close()]);
  };
  try {
    await app.listen({ host: server.host, port: server.port });
  } catch (thrown) {
    await letGo();
    throw thrown;
  }
  const { port } = app.server.address() as AddressInfo;
  const scheme = server.tls === null ? 'http' : 'https';
  const url = `${scheme}://${server.host.includes(':') ? `[${server.host}]` : server.host}:${port}`;
  if (auth.open) log.warn('auth.open', { reason: 'no keys are configured: loopback only' });
  log.info('server.listening', { url });

  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      readiness.setDraining();
      log.info('server.draining', { calls: drain.running, drainMs: server.drainMs });
      await drain.begin();
      await letGo();
      log.info('server.stopped');
    })();
    return closing;
  };
  return {
    host: server.host,
    port,
    url,
    prepared: Promise.all([
      prepareAll([...backends.values()], detector, guard),
      endOfTurn.prepare(guard.signal),
      canceller.prepare(guard.signal),
    ]).then(([reasons]) => reasons),
    close,
    closeNow: () => {
      const closed = close();
      drain.closeAll();
      return closed;
    },
  };
}

async function prepareAll(
  backends: readonly BackendPort[],
  detector: DetectorPort | null,
  { readiness, clock, log, signal }: GuardedBackendOptions,
): Promise<readonly string[]> {
  const startMs = clock.nowMs();
  const works = backends.map((backend) =>
    readiness.track('backend', backend.name, () => backend.prepare(signal)),
  );
  if (detector !== null) {
    works.push(readiness.track('detector', detector.name, () => detector.prepare(signal)));
  }
  await Promise.all(works);
  const reasons = readiness.reasons();
  for (const reason of reasons) log.error('server.not_ready', { reason });
  if (reasons.length === 0) log.info('server.ready', { prepareMs: clock.nowMs() - startMs });
  return reasons;
}

function figureSources({
  backends,
  detector,
  endOfTurn = null,
  canceller = null,
}: GatewayParts): readonly FigureSource[] {
  const detectors = [detector, endOfTurn, canceller].filter((part) => part !== null);
  return [
    ...backends.map((backend) => ({
      kind: 'backend' as const,
      name: backend.name,
      figures: () => backend.figures(),
    })),
    ...detectors.map((part) => ({
      kind: 'detector' as const,
      name: part.name,
      figures: () => part.figures(),
    })),
  ];
}
