import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AgentDefinition, CallRoute } from '../ports/agent.ts';
import type {
  AnyClientPort,
  CallControl,
  CallOpening,
  ClientRequest,
  MeetingClientPort,
} from '../ports/client.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import { resolveAgent, type AgentDirectory } from '../routing/agents.ts';
import { routeOf } from '../routing/route.ts';
import type { Clock } from '../time/clock.ts';
import type { IdSource } from '../time/ids.ts';
import type { Admission, Ticket } from './admission.ts';
import type { Caller } from './auth.ts';
import { callFacts } from './call-facts.ts';
import type { InForce } from './in-force.ts';
import { originAllowed, type OriginPolicy } from './origin.ts';
import { recordingConsent } from './recording-consent.ts';
import { refusalOf, writeRefusal } from './refusal.ts';
import { offeredSubprotocols, type WebSocketAcceptor } from './websocket.ts';

/** A call that is about to begin. */
export interface CallStart {
  readonly callId: string;
  readonly agent: AgentDefinition;
  /** Which of its backends, and why. */
  readonly route: CallRoute;
  /** What was in force when the request came. */
  readonly now: InForce;
  readonly keyId: string | null;
  /** The client says that its caller may be recorded. */
  readonly consented: boolean;
  /** To be called once, when the call owns nothing any more. */
  readonly onClosed: () => void;
}

export interface UpgradeOptions {
  readonly clients: readonly AnyClientPort[];
  /** Asked once a request: all of a request is decided under one configuration. */
  readonly inForce: () => InForce;
  readonly admission: Admission;
  readonly acceptor: WebSocketAcceptor;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  /** Whether the server still takes calls. */
  readonly draining: () => boolean;
  /** Why no call can be had of these backends right now; `null` when one can. */
  readonly unavailable: (now: InForce, backends: readonly string[]) => CallError | null;
  /** Makes the call and lets it run. Throws only by a fault of ours. */
  readonly startCall: (start: CallStart) => CallControl;
  /** Told about every request that did not become a call. */
  readonly onRefused: (error: CallError) => void;
}

/** A refusal that also says which agents there are. */
class AgentRefusal extends CallError {
  readonly allowed: readonly string[];

  constructor(error: CallError, allowed: readonly string[]) {
    super(error.code, error.message, error.param === undefined ? {} : { param: error.param });
    this.allowed = allowed;
  }
}

/** Somebody who was let in and has not said yet what for. */
interface Guest {
  readonly incoming: IncomingMessage;
  readonly connection: Duplex;
  readonly head: Buffer;
  readonly request: ClientRequest;
  readonly now: InForce;
  readonly caller: Caller;
}

/** Longest request target that is looked at, characters. */
const targetLimit = 8_192;

/**
 * From an upgrade request to a running call. Everything that can say no says it in HTTP, before
 * the handshake, and in the same order for everyone.
 */
export class UpgradePath {
  readonly #options: UpgradeOptions;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /** Handles one upgrade request; owns the connection from here on. Never throws. */
  handle(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    // Without a listener a peer that resets while it is answered would end the process. The
    // connection is gone then, and so is everyone who could be told.
    connection.on('error', () => connection.destroy());
    try {
      this.#upgrade(request, connection, head);
    } catch (thrown) {
      const error = asCallError(thrown);
      this.#options.onRefused(error);
      if (thrown instanceof CallError) this.#options.log.info('call.refused', { code: error.code });
      else this.#options.log.error('call.refused', { code: error.code, reason: error.message });
      const shown =
        thrown instanceof CallError ? error : new CallError('internal_error', 'Something broke.');
      const agents = thrown instanceof AgentRefusal ? thrown.allowed : undefined;
      if (connection.writable) writeRefusal(connection, refusalOf(shown, agents));
      else connection.destroy();
    }
  }

  #upgrade(incoming: IncomingMessage, connection: Duplex, head: Buffer): void {
    const { acceptor, admission, clock, ids, log } = this.#options;
    const now = this.#options.inForce();
    const request = requestOf(incoming);
    const client = this.#clientFor(request);
    checkOrigin(incoming, now.origins);
    const refusal = client.refusal(request);
    if (refusal !== null) throw refusal;
    const caller = now.auth.authenticate(client.credentials(request));
    if (caller === null) throw new CallError('invalid_api_key', 'The API key is missing or wrong.');
    if ('meet' in client) {
      this.#meet(client, { incoming, connection, head, request, now, caller });
      return;
    }
    const agent = agentFor(now.directory, client.agent(request), caller);
    const { keyId } = caller;
    const callId = ids.next('call');
    const route = routeOf(agent, callFacts(request, { keyId, callId, epochMs: clock.epochMs() }));
    this.#checkDraining();
    const unavailable = this.#options.unavailable(now, route.backends);
    if (unavailable !== null) throw unavailable;
    const ticket = admission.admit(caller);
    const socket = orRelease(ticket, () =>
      acceptor.accept(incoming, connection, head, {
        subprotocol: client.subprotocol(request),
        headers: { 'parley-call-id': callId },
      }),
    );
    // The wire speaks WebSocket from here on: what goes wrong now closes the socket.
    let call: CallControl | null = null;
    try {
      const onClosed = (): void => ticket.release();
      const consented = recordingConsent(request);
      call = this.#options.startCall({ callId, agent, route, now, keyId, consented, onClosed });
      client.serve(socket, call, request);
    } catch (thrown) {
      const error = asCallError(thrown);
      this.#options.onRefused(error);
      log.error('call.start_failed', { callId, code: error.code, reason: error.message });
      if (call === null) ticket.release();
      else call.close({ kind: 'error', code: error.code, message: error.message });
      socket.close(error.closeCode ?? 1011, error.code);
    }
  }

  /** The place is taken before the handshake; which agent sits there is said after it. */
  #meet(client: MeetingClientPort, guest: Guest): void {
    const { incoming, connection, head, request, now, caller } = guest;
    this.#checkDraining();
    const ticket = this.#options.admission.admit(caller);
    const callId = this.#options.ids.next('call');
    const socket = orRelease(ticket, () =>
      this.#options.acceptor.accept(incoming, connection, head, {
        subprotocol: client.subprotocol(request),
        headers: { 'parley-call-id': callId },
      }),
    );
    const { keyId } = caller;
    let begun = false;
    const opening: CallOpening = {
      keyId,
      open: (name) => {
        const agent = agentFor(now.directory, name, caller);
        const epochMs = this.#options.clock.epochMs();
        const route = routeOf(agent, callFacts(request, { keyId, callId, epochMs }));
        this.#checkDraining();
        const unavailable = this.#options.unavailable(now, route.backends);
        if (unavailable !== null) throw unavailable;
        const onClosed = (): void => ticket.release();
        const consented = recordingConsent(request);
        const start = { callId, agent, route, now, keyId, consented, onClosed };
        const call = this.#options.startCall(start);
        begun = true;
        return call;
      },
      leave: () => {
        if (!begun) ticket.release();
      },
    };
    client.meet(socket, opening, request);
  }

  #checkDraining(): void {
    if (!this.#options.draining()) return;
    throw new CallError('server_draining', 'The server is shutting down and takes no calls.');
  }

  #clientFor({ path }: ClientRequest): AnyClientPort {
    const client = this.#options.clients.find(
      (candidate) =>
        candidate.path === path ||
        ('serves' in candidate && path.startsWith(`${candidate.path}/`) && candidate.serves(path)),
    );
    if (client !== undefined) return client;
    const paths = this.#options.clients.map((candidate) => candidate.path).join(', ');
    throw new CallError('not_found', `Nothing is served here. WebSockets are served at: ${paths}.`);
  }
}

function checkOrigin({ headers }: IncomingMessage, origins: OriginPolicy): void {
  if (originAllowed(headers.origin, headers.host, origins)) return;
  const message =
    'Pages of this origin may not call. Name it in server.allowedOrigins; without keys only ' +
    'requests to a loopback address are served.';
  throw new CallError('origin_forbidden', message);
}

function agentFor(
  directory: AgentDirectory,
  wanted: string | null,
  caller: Caller,
): AgentDefinition {
  const choice = resolveAgent(directory, wanted, caller.agents);
  if (choice.ok) return choice.agent;
  throw new AgentRefusal(choice.error, choice.allowed);
}

function requestOf(incoming: IncomingMessage): ClientRequest {
  const target = incoming.url ?? '/';
  if (target.length > targetLimit || !URL.canParse(target, 'http://localhost')) {
    throw new CallError('invalid_value', 'The request target cannot be read.');
  }
  const url = new URL(target, 'http://localhost');
  return {
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    subprotocols: offeredSubprotocols(incoming),
  };
}

function orRelease<T>(ticket: Ticket, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    ticket.release();
    throw thrown;
  }
}
