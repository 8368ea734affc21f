import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { CallError, asCallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import type { Clock } from '../time/clock.ts';
import { shownAgents, shownBackends } from './api.ts';
import { addCallApi } from './api-calls.ts';
import { addOperatorApi, type OperatorCommands } from './api-operator.ts';
import { httpCredentials, type Caller } from './auth.ts';
import type { Backends } from './backend-set.ts';
import type { CallBook } from './call-book.ts';
import type { CallRecordings } from './call-recordings.ts';
import { consoleHeaders, readConsole } from './console-page.ts';
import { EventStreams } from './event-streams.ts';
import type { InForce } from './in-force.ts';
import type { Listeners } from './listeners.ts';
import type { Metrics } from './metrics.ts';
import { originAllowed } from './origin.ts';
import type { Readiness } from './readiness.ts';
import { refusalOf } from './refusal.ts';
import type { Reloads } from './reloads.ts';

export interface HttpOptions {
  /** Asked at every request. */
  readonly inForce: () => InForce;
  readonly reloads: Pick<Reloads, 'problems'>;
  readonly backends: Pick<Backends, 'all'>;
  readonly book: CallBook;
  readonly recordings: Pick<CallRecordings, 'read'>;
  readonly operator: OperatorCommands;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** What no call waits for, and is shown all the same. */
  readonly listeners: Pick<Listeners, 'reasons'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Paths at which WebSockets are served. */
  readonly socketPaths: readonly string[];
  /** PEM texts; `null` serves plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

/** The HTTP side: health, metrics and what there is to see of calls. Takes no bodies. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { tls, metrics, log } = options;
  // Any other upgrade (`h2c`, say) is answered as if it had not been asked for.
  const shouldUpgradeCallback = ({ headers }: IncomingMessage): boolean =>
    headers.upgrade?.toLowerCase() === 'websocket';
  const common = { logger: false, bodyLimit: 64 * 1024, forceCloseConnections: true } as const;
  const app: FastifyInstance =
    tls === null
      ? Fastify({ ...common, http: { shouldUpgradeCallback } })
      : Fastify({ ...common, https: { ...tls, shouldUpgradeCallback } });
  const streams = new EventStreams({ book: options.book, clock: options.clock });
  app.addHook('preClose', (done) => {
    streams.close();
    done();
  });

  app.setNotFoundHandler((_request, reply) =>
    refuse(reply, new CallError('not_found', 'There is nothing at this address.')),
  );
  app.setErrorHandler((thrown, _request, reply) => {
    if (thrown instanceof CallError) return refuse(reply, thrown);
    if (isClientFault(thrown)) {
      return refuse(reply, new CallError('invalid_value', 'The request cannot be read.'));
    }
    log.error('http.failed', { reason: asCallError(thrown).message });
    return refuse(reply, new CallError('internal_error', 'Something broke.'));
  });

  // Each answer that says something of the server; `/api` looks at the key and the origin too.
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    requireOwnHost(request, options);
    done();
  };
  for (const { path, type, body, etag, cacheControl } of readConsole()) {
    app.get(path, { onRequest }, async (request, reply) => {
      const headers = { ...consoleHeaders, etag, 'cache-control': cacheControl };
      const known = request.headers['if-none-match'] === etag;
      await reply
        .headers(headers)
        .type(type)
        .code(known ? 304 : 200)
        .send(known ? '' : body);
    });
  }
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', { onRequest }, async (_request, reply) => {
    const { status, body } = readinessOf(options);
    await reply.code(status).send(body);
  });
  app.get('/metrics', { onRequest }, async (_request, reply) => {
    await reply.type(metrics.contentType).send(await metrics.text());
  });
  for (const path of options.socketPaths) {
    app.get(path, async (_request, reply) => {
      const { body } = refusalOf(
        new CallError('invalid_value', 'This address speaks WebSocket: ask for an upgrade.'),
      );
      await reply.code(426).headers({ upgrade: 'websocket' }).send(body);
    });
  }
  addApi(app, options, streams);
  return app;
}

function addApi(app: FastifyInstance, options: HttpOptions, streams: EventStreams): void {
  const { inForce, backends, book, recordings } = options;
  const callerOf = (request: FastifyRequest): Caller => authorise(request, inForce());

  app.get('/api/agents', (request) => shownAgents(inForce(), callerOf(request).agents));
  app.get('/api/backends', (request) =>
    shownBackends(inForce(), backends.all, callerOf(request).agents),
  );

  addCallApi(app, { book, recordings, streams, callerOf });
  addOperatorApi(app, {
    commands: options.operator,
    faultInjection: () => inForce().config.server.faultInjection,
    log: options.log,
    callerOf,
  });
}

/**
 * A file that cannot be taken over leaves a process that is ready as it is; that it is not in force
 * is said beside it.
 */
function readinessOf(options: HttpOptions): { readonly status: number; readonly body: unknown } {
  const { backends, restart } = options.inForce();
  const { problems } = options.reloads;
  const reasons = [...options.readiness.reasons(), ...backends.reasons()];
  const ready = reasons.length === 0;
  const configuration = {
    ...(problems.length === 0 ? {} : { problems }),
    ...(restart.length === 0 ? {} : { needsRestart: restart }),
  };
  const quiet = Object.keys(configuration).length === 0;
  const listeners = options.listeners.reasons();
  return {
    status: ready ? 200 : 503,
    body: {
      status: ready ? 'ready' : 'not_ready',
      reasons,
      ...(quiet ? {} : { configuration }),
      ...(listeners.length === 0 ? {} : { listeners }),
    },
  };
}

/**
 * Without keys a name that merely resolves to this machine is no way in: see {@link OriginPolicy}.
 *
 * @throws CallError when keys are not configured and `Host` is not a loopback name
 */
function requireOwnHost({ headers }: FastifyRequest, { inForce }: HttpOptions): void {
  const { auth, origins } = inForce();
  // As of a program: pages of other origins cannot read these answers anyway.
  if (!auth.open || originAllowed(undefined, headers.host, origins)) return;
  const message = 'Without keys only requests to a loopback address are served.';
  throw new CallError('origin_forbidden', message);
}

/** @throws CallError when the origin or the key is not one that may look */
function authorise({ headers }: FastifyRequest, { auth, origins }: InForce): Caller {
  if (!originAllowed(headers.origin, headers.host, origins)) {
    throw new CallError('origin_forbidden', 'Pages of this origin may not look at calls.');
  }
  const caller = auth.authenticate(httpCredentials(headers));
  if (caller === null) throw new CallError('invalid_api_key', 'The API key is missing or wrong.');
  return caller;
}

function refuse(reply: FastifyReply, error: CallError): FastifyReply {
  const { status, headers, body } = refusalOf(error);
  return reply.code(status).headers(headers).send(body);
}

/** Fastify marks what the request itself got wrong with a 4xx status. */
function isClientFault(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return false;
  return typeof thrown.statusCode === 'number' && thrown.statusCode < 500;
}
