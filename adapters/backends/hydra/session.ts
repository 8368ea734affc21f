import type { ClientEvent } from '../../../protocol/hydra/client-events.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendSession,
} from '../../../src/ports/backend.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import type { Timer } from '../../../src/time/clock.ts';
import type { Connection } from '../../shared/connection.ts';
import { CallerAudio } from './caller-audio.ts';
import { countLine } from '../../shared/line-counters.ts';
import type { Counters } from './counters.ts';
import { decode } from './decode.ts';
import { encodeAppend, encodeCancel, encodeCreate, encodeOutput } from './encode.ts';
import { Listener } from './listener.ts';
import { ResponseBook, type BookEffect } from './response-book.ts';
import { Setup } from './setup.ts';
import { lossError } from './upstream-error.ts';

/** Events that may wait for the consumer (a count). */
export const eventLimit = 1024;

export interface SessionOptions {
  readonly context: BackendContext;
  readonly secret: string | null;
  readonly counters: Counters;
  readonly defaultVoice: string | null;
  /** Longest time until the settings are in force, ms. */
  readonly timeoutMs: number;
  readonly toolSettleMs: number;
  /** Another connection with a session, for one that ended unused. Rejects with `CallError`. */
  readonly reconnect: (
    signal: AbortSignal,
    take: (connection: Connection) => null,
  ) => Promise<null>;
  /** Called once. */
  readonly onClosed: () => void;
}

/** One call's conversation with the upstream, from its session to the end. */
export class HydraSession implements BackendSession {
  readonly #options: SessionOptions;
  readonly #counters: Counters;
  /** One more than the limit: room for the word that it was exceeded. */
  readonly #queue = new BoundedQueue<BackendEvent>({ limit: eventLimit + 1, overflow: 'fail' });
  readonly #book: ResponseBook;
  readonly #caller: CallerAudio;
  readonly #setup: Setup;
  readonly #listener: Listener;
  readonly #closing = new AbortController();
  #connection: Connection;
  #wake: Timer | null = null;
  #closed = false;

  constructor(connection: Connection, options: SessionOptions) {
    const { context, counters, defaultVoice, timeoutMs, toolSettleMs } = options;
    const { clock, ids, log, settings } = context;
    this.#options = options;
    this.#counters = counters;
    this.#connection = connection;
    this.#book = new ResponseBook({ ownLineId: () => ids.next('line'), toolSettleMs });
    this.#caller = new CallerAudio({
      clock,
      counters,
      send: (bytes) => this.#connection.send(encodeAppend(bytes), 'audio'),
      onDropped: (samples) => this.#emit({ type: 'dropped', what: 'input', samples }),
    });
    this.#setup = new Setup(settings, {
      clock,
      log,
      counters,
      defaultVoice,
      timeoutMs,
      write: (event) => this.#write(event),
      // Before it has heard anything, the agent can only be asked to begin.
      asksForAnswer: () => !this.#caller.heard && this.#book.askedBySettings(clock.nowMs()),
      onOverdue: (error) => this.#fail(error),
    });
    this.#listener = new Listener({
      clock,
      log,
      counters,
      setup: this.#setup,
      caller: this.#caller,
      book: this.#book,
      run: (effects) => this.#run(effects),
      emit: (event) => this.#emit(event),
      fail: (error) => this.#fail(error),
    });
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
    this.#attend(connection);
  }

  get events(): AsyncIterable<BackendEvent> {
    return this.#queue;
  }

  send(command: BackendCommand): 'ok' | 'overflow' | 'closed' {
    if (this.#closed) return 'closed';
    if (command.type === 'audio') {
      const taken = this.#caller.push(command.chunk);
      this.#begin();
      return taken;
    }
    this.#execute(command);
    return this.#isClosed() ? 'closed' : 'ok';
  }

  close(): void {
    if (!this.#closed) this.#end();
    this.#queue.drain();
  }

  #execute(command: Exclude<BackendCommand, { type: 'audio' }>): void {
    const nowMs = this.#options.context.clock.nowMs();
    switch (command.type) {
      case 'configure':
        this.#setup.want(command.settings);
        return;
      case 'respond':
        this.#respond(command, nowMs);
        return;
      case 'cancel':
        this.#run(this.#book.cancel(command.lineId));
        return;
      case 'item.add': {
        const { item } = command;
        if (item.kind === 'tool_output' && this.#book.outputCame(item.toolCallId, nowMs)) {
          this.#write(encodeOutput(item.toolCallId, item.output));
          this.#run([]);
        } else this.#counters.commandsUnmatched += 1;
        return;
      }
      // The upstream decides about turns and takes nothing back: its wire has no word for these.
      case 'speculate':
      case 'speculation.drop':
      case 'caller.floor':
      case 'server_tool.approve':
      case 'commit':
      case 'clear':
      case 'truncate':
      case 'item.delete':
        this.#counters.commandsUnmatched += 1;
    }
  }

  #respond(
    { lineId, outOfBand }: BackendCommand & { readonly type: 'respond' },
    nowMs: number,
  ): void {
    if (outOfBand) {
      const error = new CallError('unsupported_by_backend', 'it has one conversation only');
      const outcome = { status: 'failed', error } as const;
      this.#run([{ type: 'emit', event: { type: 'line.done', lineId, outcome, usage: null } }]);
      return;
    }
    this.#run(this.#book.respond(lineId, nowMs));
    this.#begin();
  }

  /** There is something to say: the session gets its settings, once, as they are now. */
  #begin(): void {
    if (this.#closed || this.#setup.begun) return;
    if (this.#setup.asleep) this.#reopen();
    else this.#setup.begin();
  }

  #attend(connection: Connection): void {
    this.#connection = connection;
    connection.handlers = {
      message: (message) => this.#take(message),
      lost: (loss) => {
        if (this.#setup.unused && loss.closeCode === 1000) this.#setup.sleep();
        else this.#fail(lossError(loss));
      },
    };
  }

  /** The upstream does not wait long for its settings; a session that it gave up is had again. */
  #reopen(): void {
    this.#setup.wake();
    this.#counters.sessionsReopened += 1;
    const take = (connection: Connection): null => {
      if (this.#closed) connection.close();
      else {
        this.#attend(connection);
        this.#setup.begin();
      }
      return null;
    };
    this.#options
      .reconnect(this.#closing.signal, take)
      .catch((thrown: unknown) => this.#fail(asCallError(thrown, 'backend_refused')));
  }

  #take(message: Buffer): void {
    try {
      this.#listener.hear(decode(message, this.#options.secret));
    } catch (thrown) {
      this.#fail(asCallError(thrown, 'backend_protocol'));
    }
  }

  #run(effects: readonly BookEffect[] | null): void {
    if (effects === null) this.#counters.commandsUnmatched += 1;
    for (const effect of effects ?? []) {
      switch (effect.type) {
        case 'create':
          this.#write(encodeCreate(effect.lineId));
          break;
        case 'cancel':
          this.#write(encodeCancel(effect.responseId));
          break;
        case 'emit':
          countLine(this.#counters, effect.event);
          this.#emit(effect.event);
      }
    }
    this.#wakeAt(this.#book.wakeAtMs);
  }

  #wakeAt(atMs: number | null): void {
    this.#wake?.cancel();
    this.#wake = null;
    if (atMs === null || this.#closed) return;
    const { clock } = this.#options.context;
    this.#wake = clock.timerAt(atMs, () =>
      this.#run(this.#book.next(Math.max(atMs, clock.nowMs()))),
    );
  }

  #write(event: ClientEvent): void {
    if (this.#closed || this.#connection.send(JSON.stringify(event), 'control')) return;
    this.#counters.queueOverflows += 1;
    this.#fail(new CallError('queue_overflow', 'the upstream does not read what it is sent'));
  }

  #emit(event: BackendEvent): void {
    if (this.#closed) return;
    if (this.#queue.size < eventLimit) {
      this.#queue.push(event);
      return;
    }
    this.#counters.queueOverflows += 1;
    this.#fail(new CallError('queue_overflow', `${eventLimit} backend events were not taken`));
  }

  #fail(error: CallError): void {
    if (this.#closed) return;
    this.#counters.sessionsFailed += 1;
    this.#queue.push({ type: 'failed', error });
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#closing.abort(new CallError('backend_closed', 'the session is over'));
    this.#wake?.cancel();
    this.#setup.close();
    this.#caller.close();
    this.#connection.close();
    this.#queue.close();
    this.#counters.sessionsOpen -= 1;
    this.#options.onClosed();
  }

  /** A method, because a command may close what the compiler believes open. */
  #isClosed(): boolean {
    return this.#closed;
  }
}
