import type { ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';
import type { SessionUpdate } from '../../../protocol/openai-realtime/session.ts';
import type {
  CallControl,
  CallView,
  ClientCommand,
  CommandResult,
  DownlinkAudio,
} from '../../../src/ports/client.ts';
import { CallError, errorTable, type ErrorCode } from '../../../src/ports/errors.ts';
import type { CloseReason, LogEntry } from '../../../src/ports/events.ts';
import type { Logger } from '../../../src/ports/log.ts';
import { unansweredPings, type Socket, type SocketHandlers } from '../../../src/ports/socket.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import type { Decoded } from './decode.ts';
import { commandError, errorEvent } from './errors.ts';
import { EventWriter } from './event-text.ts';
import { Inflow } from '../../shared/inflow.ts';
import { MessageReader } from './append-frame.ts';
import { writeRetrieved } from './items.ts';
import { defaultServerVad, readSessionUpdate, type DetectionOn } from './session.ts';
import { RealtimeView } from './view.ts';

/** Malformed events in a row after which the call is closed. */
const invalidEventLimit = 20;

/** Events that may wait for `session.created`, which is always the first. */
const heldLimit = 64;

/** Most bytes that may wait for the client to read them, when another event is to be written. */
const unsentLimitBytes = 4 * 1024 * 1024;

/** Most bytes of text that a close frame has room for. */
const closeReasonLimitBytes = 123;

const malformed: ReadonlySet<ErrorCode> = new Set([
  'invalid_json',
  'invalid_event',
  'invalid_value',
  'invalid_audio',
]);

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly call: CallControl;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/**
 * One client's socket and its call: carries messages to the call and the call's view to the
 * socket. Owns the socket; the call owns itself and is told when the socket is gone.
 */
export class RealtimeConnection implements CallView, SocketHandlers {
  readonly #socket: Socket;
  readonly #call: CallControl;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #inflow = new Inflow();
  readonly #reader: MessageReader;
  readonly #writer = new EventWriter();
  readonly #view: RealtimeView;
  /** Turn detection as it was when it was last on: what switching it on again starts from. */
  #turnDetection: DetectionOn = defaultServerVad;
  #roundTripMs = 0;
  #invalidInARow = 0;
  #invalidEvents = 0;
  #created = false;
  #held: ServerEvent[] = [];
  #closed = false;
  /** The end is on its way: nothing but its reason is written any more. */
  #ending = false;
  /** Id of the client event being handled, for the error that says it ended the call. */
  #eventId: string | null = null;

  constructor({ socket, call, clock, ids, log }: ConnectionOptions) {
    this.#socket = socket;
    this.#call = call;
    this.#log = log;
    this.#clock = clock;
    this.#reader = new MessageReader((lengthBytes) => call.audioRefusal(lengthBytes));
    const capMs = call.sessionCapMs;
    const expiresAt = capMs === null ? null : Math.floor((clock.epochMs() + capMs) / 1000);
    // Browsers cannot read the upgrade's answer: the session's id tells them which call this is.
    const sessionId = call.callId.replace(/^call_/, 'sess_');
    this.#view = new RealtimeView({ ids, model: call.agent, expiresAt, sessionId });
  }

  /** Shows what has happened so far, then listens. Call once. */
  start(): void {
    this.#call.attach(this);
    this.#socket.listen(this);
  }

  // The call's side.

  entry(entry: LogEntry): void {
    if (entry.type === 'call.opened' || entry.type === 'call.configured') {
      this.#turnDetection = entry.settings.turnDetection ?? this.#turnDetection;
    }
    for (const event of this.#view.entry(entry)) this.#send(event);
  }

  audio(audio: DownlinkAudio): void {
    for (const event of this.#view.audio(audio)) this.#send(event);
  }

  get unsentBytes(): number {
    return this.#socket.unsentBytes;
  }

  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  close(reason: CloseReason): void {
    if (this.#closed) return;
    switch (reason.kind) {
      case 'client':
        this.#finish(1000, '');
        return;
      case 'agent':
        this.#finish(1000, 'The agent ended the call.');
        return;
      case 'error':
        this.#write(this.#view.stamp(errorEvent(reason, this.#eventId)));
        this.#finish(sendableCloseCode(reason.code), reason.message);
        return;
      case 'shutdown':
        this.#finish(1012, 'The server is restarting.');
        return;
    }
  }

  // The socket's side.

  text(message: Buffer): void {
    if (this.#over()) return;
    const nowMs = this.#clock.nowMs();
    this.#charge(message.length, nowMs);
    const decoded = this.#reader.read(message, {
      inputFormat: this.#call.settings.inputFormat,
      outputFormat: this.#call.settings.outputFormat,
      backend: this.#view.backend,
      wordsOnly: this.#call.capabilities.promptable === true,
    });
    this.#eventId = decoded.eventId;
    // What is refused is not kept: it counts among the messages only.
    const words = decoded.kind !== 'audio' && decoded.kind !== 'invalid';
    const tooMuch = words ? this.#inflow.words(message.length, nowMs) : null;
    if (tooMuch !== null) {
      this.#end(tooMuch);
    } else if (decoded.kind === 'invalid' && malformed.has(decoded.error.code)) {
      this.#malformed(decoded.error);
    } else {
      this.#invalidInARow = 0;
      this.#act(decoded);
    }
    this.#eventId = null;
  }

  binary(message: Uint8Array): void {
    if (this.#over()) return;
    this.#charge(message.byteLength, this.#clock.nowMs());
    this.#malformed(new CallError('invalid_event', 'Messages are JSON text, not binary.'));
  }

  tooLarge(limitBytes: number): void {
    if (this.#over()) return;
    this.#end(
      new CallError('message_too_large', `A message may have at most ${limitBytes} bytes.`),
    );
  }

  pong(roundTripMs: number): void {
    this.#roundTripMs = roundTripMs;
  }

  closed(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#report();
    this.#call.close(
      reason === unansweredPings
        ? { kind: 'error', code: 'unresponsive_client', message: reason }
        : { kind: 'client', wireCode: code },
    );
  }

  /** Who sends more than the others may wait for is read more slowly. */
  #charge(length: number, nowMs: number): void {
    const holdMs = this.#inflow.message(length, nowMs);
    if (holdMs > 0) this.#socket.hold(holdMs);
  }

  #act(decoded: Decoded): void {
    switch (decoded.kind) {
      case 'audio':
        if (decoded.bytes.byteLength === 0) return;
        this.#answer(this.#call.pushAudio(decoded.bytes), null);
        return;
      case 'command':
        this.#execute(decoded.command);
        return;
      case 'retrieve':
        this.#retrieve(decoded.itemId);
        return;
      case 'session':
        this.#configure(decoded.update);
        return;
      case 'invalid':
        this.#fail(decoded.error);
        return;
    }
  }

  #execute(command: ClientCommand): void {
    this.#answer(this.#call.execute(command), command);
  }

  #answer(result: CommandResult, command: ClientCommand | null): void {
    if (result.ok) return;
    if (command === null) this.#fail(result.error);
    else this.#fail(commandError(command, result.error, this.#view.activeResponseId));
  }

  #configure(update: SessionUpdate): void {
    let patch;
    try {
      patch = readSessionUpdate(update, {
        capabilities: this.#call.capabilities,
        backend: this.#view.backend,
        turnDetection: this.#turnDetection,
      });
    } catch (thrown) {
      if (!(thrown instanceof CallError)) throw thrown;
      this.#fail(thrown);
      return;
    }
    // Nothing to change, but every update has its answer (stock clients send tracing alone).
    if (Object.keys(patch).length === 0) this.#send(this.#view.updated(this.#call.settings));
    else this.#execute({ type: 'configure', patch });
  }

  #retrieve(itemId: string): void {
    const found = this.#call.retrieve(itemId);
    const item = found === undefined ? this.#view.item(itemId) : writeRetrieved(found);
    if (item === undefined) {
      const message = `Item '${itemId}' does not exist.`;
      this.#fail(new CallError('item_not_found', message, { param: 'item_id' }));
      return;
    }
    this.#send(this.#view.stamp({ type: 'conversation.item.retrieved', item }));
  }

  #malformed(error: CallError): void {
    this.#invalidInARow += 1;
    this.#invalidEvents += 1;
    this.#fail(error);
    if (this.#invalidInARow < invalidEventLimit) return;
    const message = `${invalidEventLimit} invalid events in a row.`;
    this.#end(new CallError('too_many_invalid_events', message));
  }

  #fail(error: CallError): void {
    // What is our fault or upstream's ends a call only when the call itself says so.
    if (error.closeCode !== null && error.httpStatus < 500) this.#end(error);
    else this.#send(this.#view.stamp(errorEvent(error, this.#eventId)));
  }

  #end(error: CallError): void {
    const reason: CloseReason = { kind: 'error', code: error.code, message: error.message };
    this.#call.close(reason);
    // The call closes its view; should it have been over already, the client still has to know.
    this.close(reason);
  }

  /** Whoever writes an event is in the middle of something: the call ends when that is finished. */
  #endSoon(error: CallError): void {
    this.#ending = true;
    queueMicrotask(() => this.#end(error));
  }

  /** A method, because what is called meanwhile may change it. */
  #over(): boolean {
    return this.#closed || this.#ending;
  }

  #send(event: ServerEvent): void {
    if (this.#over()) return;
    if (this.#socket.unsentBytes > unsentLimitBytes) {
      const message = `More than ${unsentLimitBytes} bytes of events wait to be read.`;
      this.#endSoon(new CallError('slow_reader', message));
      return;
    }
    if (event.type === 'session.created') {
      this.#created = true;
      this.#write(event);
      for (const held of this.#held) this.#write(held);
      this.#held = [];
      return;
    }
    if (this.#created) {
      this.#write(event);
      return;
    }
    if (this.#held.length < heldLimit) {
      this.#held.push(event);
      return;
    }
    const message = `More than ${heldLimit} answers wait for the session to begin.`;
    this.#endSoon(new CallError('queue_overflow', message));
  }

  #write(event: ServerEvent): void {
    const written = this.#writer.write(event);
    if (typeof written === 'string') this.#socket.sendText(written);
    else this.#socket.sendAscii(written);
  }

  #finish(code: number, reason: string): void {
    this.#closed = true;
    this.#report();
    this.#socket.close(code, clipped(reason));
  }

  #report(): void {
    this.#log.debug('realtime client gone', {
      callId: this.#call.callId,
      invalidEvents: this.#invalidEvents,
      ...this.#view.figures,
    });
  }
}

/** Close codes that stand for "no close frame came" cannot be sent. */
function sendableCloseCode(code: ErrorCode): number {
  const closeCode: number | null = errorTable[code].closeCode;
  if (closeCode === null) return 1011;
  return closeCode === 1006 ? 1001 : closeCode;
}

function clipped(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.byteLength <= closeReasonLimitBytes) return reason;
  // A cut character decodes to a replacement character, which is dropped with it.
  return bytes
    .subarray(0, closeReasonLimitBytes - 3)
    .toString()
    .replace(/\uFFFD+$/u, '');
}
