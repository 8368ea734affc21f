import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';
import { bytesPerSample } from '../../../src/audio/format.ts';
import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendSession,
} from '../../../src/ports/backend.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import { CallerAudio } from './caller-audio.ts';
import { CallerTranscripts } from './caller-transcripts.ts';
import type { Connection } from './connection.ts';
import { countLine, type Counters } from './counters.ts';
import { decode, type UpstreamEvent } from './decode.ts';
import type { Dialect } from './dialects.ts';
import { encodeRespond } from './encode.ts';
import { requestId, requestOf } from './request-id.ts';
import { ResponseSequencer, type SequencerEffect } from './response-sequencer.ts';
import type { SessionFrame, WireSession } from './session-settings.ts';
import { SettingsUpdates } from './settings-updates.ts';
import { UpstreamMemory } from './upstream-memory.ts';
import { fatalError, responseError, type UpstreamError } from './upstream-error.ts';

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
  /** Called once. */
  readonly onClosed: () => void;
}

/** One call's conversation with the upstream, from settings in force to the end. */
export class OpenAiRealtimeSession implements BackendSession {
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #counters: Counters;
  /** One more than the limit: room for the word that it was exceeded. */
  readonly #queue = new BoundedQueue<BackendEvent>({ limit: eventLimit + 1, overflow: 'fail' });
  readonly #sequencer: ResponseSequencer;
  readonly #memory: UpstreamMemory;
  readonly #transcripts = new CallerTranscripts();
  readonly #caller: CallerAudio;
  readonly #settings: SettingsUpdates;
  readonly #toolCalls = new Set<string>();
  #closed = false;

  constructor(options: SessionOptions) {
    const { context, connection, counters, dialect, told } = options;
    const { authority, ids, inputFormat, outputFormat } = context;
    this.#options = options;
    this.#connection = connection;
    this.#counters = counters;
    this.#caller = new CallerAudio({
      format: inputFormat,
      connection,
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
    this.#sequencer = new ResponseSequencer({
      ownLineId: () => (authority === 'backend' ? ids.next('line') : null),
      echoesMetadata: dialect.echoesMetadata,
    });
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
    connection.handlers = {
      message: (message) => this.#take(message),
      lost: (error) => this.#fail(error),
    };
  }

  /** Tells the upstream what was said before it came. To be called once, before anything is sent. */
  seed(): void {
    for (const item of this.#options.context.seed?.items ?? []) {
      this.#memory.add({ type: 'item.add', item, afterItemId: undefined });
    }
  }

  get events(): AsyncIterable<BackendEvent> {
    return this.#queue;
  }

  send(command: BackendCommand): 'ok' | 'overflow' | 'closed' {
    if (this.#closed) return 'closed';
    if (command.type === 'audio') return this.#caller.send(command.chunk);
    if (command.type === 'configure') {
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
        this.#memory.ids.commit(command.itemId);
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
        this.#takeAudio(event);
        return;
      case 'text': {
        const line = this.#liveLine(event.responseId);
        if (line === null) return;
        this.#emit({ type: 'line.text', lineId: line, delta: event.delta, words: null });
        return;
      }
      case 'tool':
        this.#takeTool(event);
        return;
      case 'response.created': {
        const { responseId, lineId, outOfBand } = event;
        const { effects, uninvited } = this.#sequencer.created(responseId, lineId, outOfBand);
        if (uninvited) this.#counters.uninvitedResponses += 1;
        this.#run(effects);
        return;
      }
      case 'response.done':
        this.#run(this.#sequencer.done(event.responseId, event.outcome, event.usage));
        return;
      case 'committed':
        this.#memory.named(event.itemId);
        return;
      case 'speech': {
        const { speaking, atMs } = event;
        if (this.#options.context.authority !== 'backend') return;
        this.#emit({ type: 'caller.speech', speaking, atSample: this.#caller.sampleAt(atMs) });
        return;
      }
      case 'transcript.delta':
      case 'transcript.done':
      case 'transcript.failed': {
        const transcript = this.#transcripts.take(event, this.#callerItem(event.itemId));
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
      case 'session.created':
      case 'session.updated':
      case 'passed':
        return;
    }
  }

  #takeAudio({ responseId, itemId, bytes }: UpstreamEvent & { readonly type: 'audio' }): void {
    if (bytes.byteLength % bytesPerSample(this.#options.context.outputFormat.codec) !== 0) {
      throw new CallError('backend_protocol', 'the upstream sent audio that is not whole samples');
    }
    const line = this.#sequencer.lineOf(responseId);
    if (line !== undefined) this.#memory.lines.received(line.lineId, itemId, bytes.byteLength);
    if (line?.live === true && bytes.byteLength > 0) {
      this.#emit({ type: 'line.audio', lineId: line.lineId, bytes });
    } else if (line?.live !== true) {
      this.#counters.staleEvents += 1;
    }
  }

  #takeTool(event: UpstreamEvent & { readonly type: 'tool' }): void {
    const { responseId, toolCallId, name } = event;
    const lineId = this.#liveLine(responseId);
    // It is announced twice: when its arguments are complete, and when its item is.
    if (lineId === null || this.#toolCalls.has(toolCallId)) return;
    this.#toolCalls.add(toolCallId);
    if (this.#toolCalls.size > 256) {
      const [oldest] = this.#toolCalls;
      if (oldest !== undefined) this.#toolCalls.delete(oldest);
    }
    this.#counters.toolsCalled += 1;
    this.#emit({ type: 'tool.called', lineId, toolCallId, name, arguments: event.arguments });
  }

  /** Under its own detection the upstream's items have no name of ours. */
  #callerItem(upstreamId: string): string | null {
    const ours = this.#memory.ids.ours(upstreamId);
    if (ours !== undefined) return ours;
    return this.#options.context.authority === 'backend' ? upstreamId : null;
  }

  #takeError(error: UpstreamError): void {
    const fatal = fatalError(error);
    if (fatal !== null) {
      this.#fail(fatal);
      return;
    }
    const { code } = error;
    const request = requestOf(error.eventId);
    this.#counters.benignErrors += 1;
    this.#options.context.log.info('upstream.error', { code, request: request?.kind ?? null });
    if (request?.kind === 'create' || code === 'conversation_already_has_active_response') {
      const lineId = request?.kind === 'create' ? request.subject : null;
      this.#run(this.#sequencer.createFailed(lineId, code, responseError(error)));
    } else if (request?.kind === 'cancel' || code === 'response_cancel_not_active') {
      this.#run(this.#sequencer.cancelFailed(request?.subject ?? null));
    } else if (request?.kind === 'commit') {
      this.#memory.ids.commitFailed(request.subject);
    }
  }

  #liveLine(responseId: string): string | null {
    const line = this.#sequencer.lineOf(responseId);
    if (line?.live === true) return line.lineId;
    this.#counters.staleEvents += 1;
    return null;
  }

  #run(effects: readonly SequencerEffect[] | null): void {
    if (effects === null) this.#counters.commandsUnmatched += 1;
    for (const effect of effects ?? []) {
      switch (effect.type) {
        case 'create':
          this.#write(effect.event);
          break;
        case 'cancel': {
          const { responseId } = effect;
          const eventId = requestId('cancel', responseId);
          this.#write({ type: 'response.cancel', event_id: eventId, response_id: responseId });
          break;
        }
        case 'emit':
          countLine(this.#counters, effect.event);
          this.#emit(effect.event);
      }
    }
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
