import type { ConversationItem } from '../../../src/ports/conversation.ts';
import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';
import { bytesPerSample } from '../../../src/audio/format.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendSession,
} from '../../../src/ports/backend.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { BoundedQueue, type Incoming } from '../../../src/streams/bounded-queue.ts';
import type { Connection } from '../../shared/connection.ts';
import { afterError } from './after-error.ts';
import { AnswerIntake } from './answer-intake.ts';
import { CallerAudio } from './caller-audio.ts';
import { CallerTurns } from './caller-turns.ts';
import { countBilledLine } from '../../shared/line-counters.ts';
import type { Counters } from './counters.ts';
import { decode, type UpstreamEvent } from './decode.ts';
import type { Dialect } from './dialects.ts';
import { Exchange, type Fresh } from './exchange.ts';
import { encodeRespond } from './encode.ts';
import { requestId, requestOf } from './request-id.ts';
import { ResponseSequencer, type SequencerEffect } from './response-sequencer.ts';
import type { SessionFrame, WireSession } from './session-settings.ts';
import { ServedTools } from './served-tools.ts';
import { SettingsUpdates } from './settings-updates.ts';
import { spelled } from './spelling.ts';
import { UpstreamMemory } from './upstream-memory.ts';
import { fatalError, type UpstreamError } from './upstream-error.ts';

/** Events that may wait for the consumer (a count). */
export const eventLimit = 1024;

export interface SessionOptions {
  readonly context: BackendContext;
  readonly connection: Connection;
  readonly dialect: Dialect;
  readonly secret: string | null;
  readonly frame: SessionFrame;
  /** What the upstream has been told so far. */
  readonly told: WireSession;
  readonly counters: Counters;
  /** Longest life of a connection, ms; `null`: it has no end. */
  readonly connectionLimitMs: number | null;
  /** Opens another connection with these settings. Rejects with `CallError`. */
  readonly reopen: (
    settings: CallSettings,
    signal: AbortSignal,
    take: (fresh: Fresh) => void,
  ) => Promise<void>;
  /** From [0, 1), for the time between attempts to open another connection. */
  readonly chance: () => number;
  /** Called once. */
  readonly onClosed: () => void;
}

/** One call's conversation with the upstream, from settings in force to the end. */
export class OpenAiRealtimeSession implements BackendSession {
  readonly #options: SessionOptions;
  #connection: Connection;
  readonly #counters: Counters;
  /** One more than the limit: room for the word that it was exceeded. */
  readonly #queue = new BoundedQueue<BackendEvent>({ limit: eventLimit + 1, overflow: 'fail' });
  readonly #sequencer: ResponseSequencer;
  readonly #memory: UpstreamMemory;
  readonly #caller: CallerAudio;
  readonly #settings: SettingsUpdates;
  readonly #turns: CallerTurns;
  readonly #answers: AnswerIntake;
  readonly #served: ServedTools;
  readonly #exchange: Exchange;
  #wanted: CallSettings;
  #closed = false;

  constructor(options: SessionOptions) {
    const { context, connection, counters, dialect, told } = options;
    const { authority, ids, inputFormat, outputFormat } = context;
    this.#options = options;
    this.#connection = connection;
    this.#counters = counters;
    this.#caller = new CallerAudio({
      format: inputFormat,
      recall: context.recall ?? null,
      send: (message, kind) => this.#connection.send(message, kind),
      counters,
      isCommittedByUs: authority === 'gateway',
      write: (event) => this.#write(event),
      onDropped: (samples) => this.#emit({ type: 'dropped', what: 'input', samples }),
    });
    this.#settings = new SettingsUpdates(told, options.frame, (session) =>
      this.#write({ type: 'session.update', event_id: requestId('configure', ''), session }),
    );
    this.#memory = new UpstreamMemory({
      bytesPerMs: (outputFormat.rateHz * bytesPerSample(outputFormat.codec)) / 1000,
      truncates: dialect.truncate,
      counters,
      ids,
      write: (event) => this.#write(event),
    });
    this.#served = new ServedTools({
      counters,
      lineOf: (responseId) => this.#sequencer.lineOf(responseId)?.lineId ?? null,
      emit: (event) => this.#emit(event),
      write: (event) => this.#write(event),
      onRan: (call) => this.#memory.ran(call),
    });
    this.#turns = new CallerTurns(this.#memory, authority === 'backend');
    this.#sequencer = new ResponseSequencer({
      ownLineId: () => (authority === 'backend' ? ids.next('line') : null),
      echoesMetadata: dialect.echoesMetadata,
    });
    this.#answers = new AnswerIntake({
      format: outputFormat,
      sequencer: this.#sequencer,
      memory: this.#memory,
      counters,
      emit: (event) => this.#emit(event),
    });
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
    this.#attend(connection);
    this.#wanted = context.settings;
    this.#exchange = new Exchange({
      clock: context.clock,
      log: context.log,
      counters,
      capMs: options.connectionLimitMs,
      chance: options.chance,
      open: (signal, take) => options.reopen(this.#wanted, signal, take),
      isQuiet: () =>
        this.#sequencer.size === 0 &&
        !this.#served.busy &&
        this.#turns.isStill(context.clock.nowMs()),
      change: (fresh, forced) => this.#change(fresh, forced),
    });
  }

  /** Tells the upstream what was said before it came. To be called before anything else is sent. */
  seed(items: readonly ConversationItem[]): void {
    for (const item of items) {
      this.#memory.add({ type: 'item.add', item, afterItemId: undefined });
    }
  }

  get events(): Incoming<BackendEvent> {
    return this.#queue;
  }

  send(command: BackendCommand): 'ok' | 'overflow' | 'closed' {
    if (this.#closed) return 'closed';
    if (command.type === 'audio') return this.#caller.send(command.chunk);
    if (command.type === 'configure') {
      this.#wanted = command.settings;
      this.#settings.want(command.settings);
      return 'ok';
    }
    this.#settings.settle();
    this.#execute(command);
    return this.#isClosed() ? 'closed' : 'ok';
  }

  close(): void {
    if (!this.#closed) this.#end();
    this.#queue.drain();
  }

  #execute(command: Exclude<BackendCommand, { type: 'audio' | 'configure' }>): void {
    switch (command.type) {
      case 'commit':
        this.#turns.commit(command.itemId);
        this.#caller.commit(command.itemId, command.fromSample);
        return;
      case 'clear':
        this.#caller.clear();
        return;
      case 'respond': {
        const eventId = requestId('create', command.lineId);
        const create = encodeRespond(command, eventId, (itemId) =>
          this.#memory.ids.upstream(itemId),
        );
        this.#run(this.#sequencer.respond(command.lineId, command.outOfBand, create));
        return;
      }
      case 'cancel':
        this.#run(this.#sequencer.cancel(command.lineId));
        return;
      case 'truncate':
        this.#memory.truncate(command, !this.#sequencer.has(command.lineId));
        return;
      case 'item.add':
        this.#memory.add(command);
        return;
      case 'item.delete':
        this.#memory.delete(command.itemId);
        return;
      case 'server_tool.approve':
        this.#served.approve(command);
        return;
      // Its wire has no word for an answer that nobody may hear yet, nor is one needed for the floor.
      case 'caller.floor':
      case 'speculate':
      case 'speculation.drop':
        this.#counters.commandsUnmatched += 1;
    }
  }

  #take(message: Buffer): void {
    try {
      this.#understand(decode(message, this.#options));
    } catch (thrown) {
      this.#fail(asCallError(thrown, 'backend_protocol'));
    }
  }

  #understand(event: UpstreamEvent): void {
    switch (event.type) {
      case 'audio':
        this.#answers.audio(event);
        return;
      case 'text':
        this.#answers.text(event);
        return;
      case 'tool':
        this.#answers.tool(event);
        return;
      case 'server_tool':
        this.#served.take(event.sighting);
        return;
      case 'response.created': {
        const { responseId, lineId, outOfBand } = event;
        const { effects, uninvited } = this.#sequencer.created(responseId, lineId, outOfBand);
        if (uninvited) this.#counters.uninvitedResponses += 1;
        if (outOfBand !== true) this.#turns.answered();
        this.#run(effects);
        return;
      }
      case 'response.done':
        this.#run(this.#sequencer.done(event.responseId, event.outcome, event.usage));
        return;
      case 'committed':
        this.#turns.committed(event.itemId, this.#wanted.callerTranscripts);
        return;
      case 'speech': {
        const { speaking, atMs } = event;
        if (this.#options.context.authority !== 'backend') return;
        this.#turns.speech(speaking, this.#options.context.clock.nowMs());
        this.#emit({ type: 'caller.speech', speaking, atSample: this.#caller.sampleAt(atMs) });
        return;
      }
      case 'transcript.delta':
      case 'transcript.whole':
      case 'transcript.done':
      case 'transcript.failed': {
        const transcript = this.#turns.transcript(event);
        if (transcript !== null) this.#emit(transcript);
        return;
      }
      case 'error':
        this.#takeError(event.error);
        return;
      case 'unknown':
        this.#counters.unknownEvents += 1;
        this.#options.context.log.debug('upstream.unknown_event', { type: event.name });
        return;
      case 'greeting':
      case 'session.updated':
      case 'passed':
        return;
    }
  }

  #takeError(error: UpstreamError): void {
    const fatal = fatalError(error);
    if (fatal !== null) {
      this.#lost(fatal);
      return;
    }
    const request = requestOf(error.eventId)?.kind ?? null;
    this.#counters.benignErrors += 1;
    this.#options.context.log.info('upstream.error', { code: error.code, request });
    this.#run(afterError(error, this.#sequencer, this.#memory.ids));
  }

  #attend(connection: Connection): void {
    connection.handlers = {
      message: (message) => this.#take(message),
      lost: ({ error }) => this.#lost(error),
    };
  }

  #lost(error: CallError): void {
    if (!this.#exchange.replace()) this.#fail(error);
  }

  /** Everything the upstream knew is told again, and what is under way is asked for again. */
  #change({ connection, told }: Fresh, forced: boolean): void {
    const old = this.#connection;
    this.#connection = connection;
    this.#attend(connection);
    old.close();
    this.#settings.retell(told);
    this.#memory.retell();
    this.#caller.retell();
    this.#turns.reset();
    this.#served.lost();
    if (forced) this.#run(this.#sequencer.moved());
  }

  #run(effects: readonly SequencerEffect[] | null): void {
    if (effects === null) this.#counters.commandsUnmatched += 1;
    for (const effect of effects ?? []) {
      switch (effect.type) {
        case 'create':
          this.#write(effect.event);
          break;
        case 'cancel': {
          const event_id = requestId('cancel', effect.responseId);
          this.#write({ type: 'response.cancel', event_id, response_id: effect.responseId });
          break;
        }
        case 'emit':
          countBilledLine(this.#counters, effect.event);
          this.#emit(effect.event);
      }
    }
  }

  #write(event: ClientEvent): void {
    if (this.#closed) return;
    const written = spelled(event, this.#options.dialect);
    if (written === null || this.#connection.send(JSON.stringify(written), 'control')) return;
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
    this.#exchange.close();
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
