import type { ClientEvent } from '../../../protocol/openai-live/client-events.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { CallControl, CallOpening } from '../../../src/ports/client.ts';
import type { Logger } from '../../../src/ports/log.ts';
import { unansweredPings, type Socket, type SocketHandlers } from '../../../src/ports/socket.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import { Inflow } from '../../shared/inflow.ts';
import { runEvent } from './commands.ts';
import { decode } from './decode.ts';
import { errorEvent, problemOf, Refused, type Problem } from './problems.ts';
import { LiveSession } from './session.ts';
import { checkConfig, readStart, type Start } from './start.ts';

/** Longest wait for `session.start`, ms. */
const startLimitMs = 30_000;
/** Malformed events in a row after which the socket is closed. */
const invalidEventLimit = 20;
/** Most events that wait for the session to start (a count). */
const heldLimit = 64;

type StartEvent = Extract<ClientEvent, { type: 'session.start' }>;

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/** What the connections of one gateway share. */
export interface Sessions {
  began(session: LiveSession, keyId: string | null): void;
  ended(session: LiveSession): void;
}

/**
 * A primary socket: the first message says what session is wanted, and everything after it belongs
 * to that session.
 */
export class LiveConnection implements SocketHandlers {
  readonly #options: ConnectionOptions & { readonly sessions: Sessions };
  readonly #socket: Socket;
  readonly #opening: CallOpening;
  readonly #inflow = new Inflow();
  readonly #startTimer: Timer;
  #session: LiveSession | null = null;
  readonly #held: { readonly event: ClientEvent; readonly eventId: string | null }[] = [];
  #invalidInARow = 0;
  #closed = false;

  constructor(
    socket: Socket,
    opening: CallOpening,
    options: ConnectionOptions & { readonly sessions: Sessions },
  ) {
    const { clock } = options;
    this.#options = options;
    this.#socket = socket;
    this.#opening = opening;
    this.#startTimer = clock.timerAt(clock.nowMs() + startLimitMs, () => {
      const message = 'No session.start came.';
      this.#refuse({ code: 'session_expired', message }, null, 1001);
    });
    socket.listen(this);
  }

  text(message: Buffer): void {
    if (this.#over()) return;
    const { clock } = this.#options;
    const holdMs = this.#inflow.message(message.length, clock.nowMs());
    if (holdMs > 0) this.#socket.hold(holdMs);
    const decoded = decode(message);
    if (!decoded.ok) {
      this.#malformed(decoded.problem, decoded.eventId);
      return;
    }
    const { event, eventId } = decoded;
    const audio = event.type === 'session.input_audio.append';
    const tooMuch = audio ? null : this.#inflow.words(message.length, clock.nowMs());
    if (tooMuch !== null) this.#end(tooMuch);
    else if (this.#session === null) this.#first(event, eventId);
    else this.#event(this.#session, event, eventId);
  }

  binary(): void {
    if (this.#over()) return;
    this.#malformed({ code: 'invalid_event', message: 'Messages are JSON text.' }, null);
  }

  tooLarge(limitBytes: number): void {
    if (this.#over()) return;
    const message = `A message may have at most ${limitBytes} bytes.`;
    this.#end(new CallError('message_too_large', message));
  }

  pong(roundTripMs: number): void {
    if (this.#session !== null) this.#session.roundTripMs = roundTripMs;
  }

  closed(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#startTimer.cancel();
    this.#opening.leave();
    this.#session?.gone(
      reason === unansweredPings
        ? { kind: 'error', code: 'unresponsive_client', message: reason }
        : { kind: 'client', wireCode: code },
    );
  }

  #over(): boolean {
    return this.#closed;
  }

  #first(event: ClientEvent, eventId: string | null): void {
    if (event.type !== 'session.start') {
      const message = 'The first event must be session.start.';
      this.#refuse({ code: 'invalid_event', message, param: 'type' }, eventId, 1008);
      return;
    }
    let call: CallControl | null = null;
    try {
      checkConfig(event.session);
      call = this.#opening.open(event.session.model);
      this.#begin(call, event, eventId);
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (problem.code === 'internal_error') {
        this.#options.log.error('live.start_failed', { error: thrown });
      }
      const param = problem.code === 'model_not_found' ? { param: 'session.model' } : {};
      const closeCode = thrown instanceof CallError ? (thrown.closeCode ?? 1008) : 1008;
      this.#refuse({ ...problem, ...param }, eventId, closeCode);
      call?.close({ kind: 'error', code: 'invalid_value', message: problem.message });
    }
  }

  /** @throws Refused or CallError for what cannot be had */
  #begin(call: CallControl, { session: config }: StartEvent, eventId: string | null): void {
    const { sessions, clock, ids, log } = this.#options;
    const start = configure(call, readStart(config, call));
    for (const [index, item] of start.items.entries()) {
      const result = call.execute({ type: 'item.create', item, after: null });
      if (result.ok) continue;
      const { code, message } = result.error;
      throw new Refused(code, message, `session.input[${index}]`);
    }
    this.#startTimer.cancel();
    const session = new LiveSession(
      {
        call,
        socket: this.#socket,
        config,
        start,
        clock,
        ids,
        log,
        onGone: () => {
          this.#closed = true;
          sessions.ended(session);
        },
      },
      eventId,
    );
    this.#session = session;
    session.follow(() => {
      sessions.began(session, this.#opening.keyId);
      for (const held of this.#held.splice(0)) this.#event(session, held.event, held.eventId);
    });
  }

  #event(session: LiveSession, event: ClientEvent, eventId: string | null): void {
    this.#invalidInARow = 0;
    if (!session.started && event.type !== 'session.close') {
      if (this.#held.length < heldLimit) this.#held.push({ event, eventId });
      else this.#end(new CallError('queue_overflow', 'Too much came before session.started.'));
      return;
    }
    // What is still to be said is said while audio goes on; nothing else is taken any more.
    if (session.over && event.type !== 'session.input_audio.append') return;
    session.attempt(eventId, () => runEvent(session, event, eventId));
  }

  #malformed(problem: Problem, eventId: string | null): void {
    if (this.#session === null) {
      this.#refuse(problem, eventId, 1008);
      return;
    }
    this.#session.fail(problem, eventId);
    this.#invalidInARow += 1;
    if (this.#invalidInARow < invalidEventLimit) return;
    const message = `${invalidEventLimit} invalid events in a row.`;
    this.#end(new CallError('too_many_invalid_events', message));
  }

  #end(error: CallError): void {
    const { code, message, closeCode } = error;
    if (this.#session === null) this.#refuse({ code, message }, null, closeCode ?? 1008);
    else this.#session.call.close({ kind: 'error', code, message });
  }

  /** There will be no session. */
  #refuse(problem: Problem, eventId: string | null, closeCode: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#startTimer.cancel();
    const body = errorEvent(problem, eventId);
    const known = eventId === null ? {} : { client_event_id: eventId };
    const event = { ...body, event_id: this.#options.ids.next('event'), ...known };
    this.#socket.sendText(JSON.stringify(event));
    this.#socket.close(closeCode, problem.code);
    this.#opening.leave();
  }
}

/**
 * Tools may be forbidden to clients: then nothing is delegated to them, which is no reason to refuse.
 *
 * @throws CallError for settings that cannot be had
 */
function configure(call: CallControl, start: Start): Start {
  const configured = call.execute({ type: 'configure', patch: start.patch });
  if (configured.ok) return start;
  if (start.delegation.type !== 'client' || configured.error.param !== 'tools') {
    throw configured.error;
  }
  const patch = { ...start.patch, tools: call.settings.tools };
  const again = call.execute({ type: 'configure', patch });
  if (!again.ok) throw again.error;
  const message = 'This agent takes no tools from clients, so it delegates nothing.';
  const substitutions = [...start.substitutions, { code: 'delegation_unavailable', message }];
  return { ...start, substitutions };
}
