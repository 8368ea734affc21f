import type { BackendEvent } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { CallerAudio } from './caller-audio.ts';
import type { Counters } from './counters.ts';
import type { UpstreamEvent } from './decode.ts';
import { createdLine } from './encode.ts';
import type { BookEffect, ResponseBook } from './response-book.ts';
import type { Setup } from './setup.ts';
import { fatalError, responseError, type UpstreamError } from './upstream-error.ts';

/** Names of tool calls whose arguments are still coming (a count). */
const nameLimit = 64;

export interface ListenerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly setup: Setup;
  readonly caller: CallerAudio;
  readonly book: ResponseBook;
  readonly run: (effects: readonly BookEffect[]) => void;
  readonly emit: (event: BackendEvent) => void;
  /** The session is over. */
  readonly fail: (error: CallError) => void;
}

/** What a session does on hearing its upstream. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #toolNames = new Map<string, string>();
  #callerSpeaks = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** @throws CallError `backend_protocol` when the upstream broke its rules */
  hear(event: UpstreamEvent): void {
    const { book, caller, clock, counters, emit, log, run, setup } = this.#options;
    const nowMs = clock.nowMs();
    switch (event.type) {
      case 'audio': {
        const lineId = this.#liveLine(event.responseId);
        if (lineId === null || event.bytes.byteLength === 0) return;
        emit({ type: 'line.audio', lineId, bytes: event.bytes });
        return;
      }
      case 'session.configured':
        if (!setup.configured(event)) return;
        caller.start();
        run(book.open(nowMs));
        return;
      case 'speech':
        this.#hearCaller(event.speaking, caller.sampleAt(event.atMs));
        return;
      case 'caller.done':
        // Speech that came to nothing is not said to have stopped.
        if (this.#callerSpeaks) this.#hearCaller(false, caller.endSample);
        return;
      case 'response.created':
        run(book.created(event.responseId, nowMs));
        return;
      case 'response.done':
        counters.inputTokens += event.inputTokens;
        counters.outputTokens += event.outputTokens;
        run(book.done(event.responseId, event.outcome, nowMs));
        return;
      case 'tool.named':
        this.#nameTool(event.toolCallId, event.name);
        return;
      case 'tool':
        this.#callTool(event);
        return;
      case 'warning':
        counters.warnings += 1;
        log.warn('upstream.warning', { code: event.code });
        return;
      case 'error':
        this.#hearError(event.error, nowMs);
        return;
      case 'unknown':
        counters.unknownEvents += 1;
        log.debug('upstream.unknown_event', { type: event.name });
        return;
      case 'session.created':
      case 'passed':
        return;
    }
  }

  #hearCaller(speaking: boolean, atSample: number): void {
    const { book, emit, run } = this.#options;
    this.#callerSpeaks = speaking;
    emit({ type: 'caller.speech', speaking, atSample });
    if (speaking) run(book.interrupted());
  }

  #nameTool(toolCallId: string, name: string): void {
    this.#toolNames.set(toolCallId, name);
    const [oldest] = this.#toolNames.keys();
    if (this.#toolNames.size > nameLimit && oldest !== undefined) this.#toolNames.delete(oldest);
  }

  #callTool(event: UpstreamEvent & { readonly type: 'tool' }): void {
    const { book, counters, emit } = this.#options;
    const { responseId, toolCallId } = event;
    const name = event.name ?? this.#toolNames.get(toolCallId);
    this.#toolNames.delete(toolCallId);
    if (name === undefined) {
      throw new CallError('backend_protocol', 'the upstream called a tool without a name');
    }
    const lineId = this.#liveLine(responseId);
    if (lineId === null || !book.toolCalled(toolCallId)) return;
    counters.toolsCalled += 1;
    emit({ type: 'tool.called', lineId, toolCallId, name, arguments: event.arguments });
  }

  /** Most errors end nothing: the vendor says to act only on a close that follows. */
  #hearError(error: UpstreamError, nowMs: number): void {
    const { book, counters, fail, log, run, setup } = this.#options;
    const fatal = fatalError(error) ?? (setup.waiting ? responseError(error) : null);
    if (fatal !== null) {
      fail(fatal);
      return;
    }
    const lineId = createdLine(error.eventId);
    counters.benignErrors += 1;
    log.info('upstream.error', { code: error.code, request: lineId });
    if (lineId !== null) run(book.createFailed(lineId, responseError(error), nowMs));
  }

  #liveLine(responseId: string): string | null {
    const { book, counters } = this.#options;
    const line = book.lineOf(responseId);
    if (line?.live === true) return line.lineId;
    counters.staleEvents += 1;
    return null;
  }
}
