import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { BackendPort } from '../ports/backend.ts';
import { CallError, asCallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import { agentsInScope, inScope, type AgentDirectory } from '../routing/agents.ts';
import type { Clock } from '../time/clock.ts';
import { httpCredentials, type Authenticator, type Caller } from './auth.ts';
import type { CallBook } from './call-book.ts';
import { EventStreams } from './event-streams.ts';
import { frontPage } from './front-page.ts';
import type { Metrics } from './metrics.ts';
import { originAllowed, type OriginPolicy } from './origin.ts';
import type { Readiness } from './readiness.ts';
import { refusalOf } from './refusal.ts';

export interface HttpOptions {
  readonly directory: AgentDirectory;
  readonly backends: readonly BackendPort[];
  readonly auth: Authenticator;
  readonly origins: OriginPolicy;
  readonly book: CallBook;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly log: Logger;
  /** Paths at which WebSockets are served. */
  readonly socketPaths: readonly string[];
  /** PEM texts; `null` serves plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

/** Most calls in one list. */
const listLimit = 1_000;

/** The HTTP side: health, metrics and what there is to see of calls. Takes no bodies. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { tls, readiness, metrics, directory, log } = options;
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
  app.get('/', { onRequest }, async (_request, reply) => {
    const names = directory.agents.map(({ name }) => name);
    await reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(frontPage(options.auth.open ? names : [], options.socketPaths));
  });
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', { onRequest }, async (_request, reply) => {
    const reasons = readiness.reasons();
    const ready = reasons.length === 0;
    await reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', reasons });
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
  const { directory, backends, book, readiness } = options;
  const callerOf = (request: FastifyRequest): Caller => authorise(request, options);

  app.get('/api/agents', (request) => {
    const caller = callerOf(request);
    const agents = agentsInScope(directory, caller.agents).map((agent) => ({
      name: agent.name,
      aliases: agent.aliases,
      backends: agent.backends,
      voice: agent.voice,
      turns: agent.turns,
      playoutLeadMs: agent.playoutLeadMs,
      default: agent.name === directory.defaultAgent,
    }));
    return { agents };
  });

  app.get('/api/backends', (request) => {
    const caller = callerOf(request);
    const usable = new Set(
      agentsInScope(directory, caller.agents).flatMap((agent) => agent.backends),
    );
    const shown = backends
      .filter(({ name }) => caller.agents.includes('*') || usable.has(name))
      .map((backend) => {
        const state = readiness.of('backend', backend.name);
        return {
          name: backend.name,
          type: backend.type,
          state,
          reason: readiness.failure('backend', backend.name)?.message ?? null,
          capabilities: state === 'ready' ? backend.capabilities : null,
          figures: backend.figures(),
        };
      });
    return { backends: shown };
  });

  app.get<{ Querystring: { limit?: string } }>('/api/calls', (request) => {
    const caller = callerOf(request);
    const limit = readLimit(request.query.limit);
    const calls = book.list(listLimit).filter(({ agent }) => inScope(caller.agents, agent));
    return { calls: calls.slice(0, limit) };
  });

  app.get<{ Params: { id: string } }>('/api/calls/:id', (request) => {
    const caller = callerOf(request);
    const record = book.get(request.params.id);
    if (record === undefined || !inScope(caller.agents, record.agent)) throw noSuchCall();
    return record;
  });

  app.get<{ Params: { id: string } }>('/api/calls/:id/events', (request, reply) => {
    const caller = callerOf(request);
    const { id } = request.params;
    const record = book.get(id);
    if (record === undefined || !inScope(caller.agents, record.agent)) throw noSuchCall();
    const after = Number(request.headers['last-event-id'] ?? -1);
    streams.serve(reply, id, Number.isSafeInteger(after) ? after : -1);
  });
}

/**
 * Without keys a name that merely resolves to this machine is no way in: see {@link OriginPolicy}.
 *
 * @throws CallError when keys are not configured and `Host` is not a loopback name
 */
function requireOwnHost({ headers }: FastifyRequest, { auth, origins }: HttpOptions): void {
  // As of a program: pages of other origins cannot read these answers anyway.
  if (!auth.open || originAllowed(undefined, headers.host, origins)) return;
  const message = 'Without keys only requests to a loopback address are served.';
  throw new CallError('origin_forbidden', message);
}

/** @throws CallError when the origin or the key is not one that may look */
function authorise({ headers }: FastifyRequest, { auth, origins }: HttpOptions): Caller {
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

function noSuchCall(): CallError {
  return new CallError('not_found', 'No such call is known.');
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return 100;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > listLimit) {
    const message = `limit must be a whole number from 1 to ${listLimit}.`;
    throw new CallError('invalid_value', message, { param: 'limit' });
  }
  return limit;
}

/** Fastify marks what the request itself got wrong with a 4xx status. */
function isClientFault(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return false;
  return typeof thrown.statusCode === 'number' && thrown.statusCode < 500;
}
