import type {
  BackendCommand,
  BackendContext,
  BackendEvent,
  BackendSession,
} from '../../../src/ports/backend.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { BoundedQueue, type Incoming } from '../../../src/streams/bounded-queue.ts';
import { countBilledLine } from '../../shared/line-counters.ts';
import type { CascadeParts } from './capabilities.ts';
import type { Counters } from './counters.ts';
import { History } from './history.ts';
import { Lines } from './lines.ts';
import { Listener } from './listener.ts';
import type { CascadeSettings } from './options.ts';
import { PartHealth } from './part-health.ts';
import type { PhraseCache } from './phrase-cache.ts';
import { PrefixWarmer } from './prefix-warmer.ts';
import type { ClauseOptions } from './text/clause.ts';
import type { SpeakingOptions } from './text/verbalise.ts';
import { VoiceDesk } from './voice-desk.ts';

/** Events that may wait for the consumer (a count). */
export const eventLimit = 2048;

export interface SessionOptions {
  readonly context: BackendContext;
  readonly parts: CascadeParts;
  readonly settings: CascadeSettings;
  readonly clauses: ClauseOptions;
  readonly speaking: SpeakingOptions;
  readonly cache: PhraseCache;
  readonly counters: Counters;
  /** 0 ≤ n < 1. */
  readonly chance: () => number;
  /** Called once. */
  readonly onClosed: (session: CascadeSession) => void;
}

/** One call's conversation by way of a recogniser, a model and a voice. */
export class CascadeSession implements BackendSession {
  readonly #options: SessionOptions;
  readonly #counters: Counters;
  /** One more than the limit: room for the word that it was exceeded. */
  readonly #queue = new BoundedQueue<BackendEvent>({ limit: eventLimit + 1, overflow: 'fail' });
  readonly #history: History;
  readonly #warmer: PrefixWarmer;
  readonly #health: Readonly<Record<'stt' | 'llm' | 'tts' | 'speech', PartHealth>>;
  #listener: Listener | null = null;
  #voice: VoiceDesk | null = null;
  #lines: Lines | null = null;
  #settings: CallSettings;
  #closed = false;

  private constructor(options: SessionOptions) {
    const { context, parts, settings, counters } = options;
    this.#options = options;
    this.#counters = counters;
    this.#settings = context.settings;
    this.#history = new History(settings.historyLimitCharacters, (entries) => {
      counters.historyForgotten += entries;
    });
    this.seed(context.seed?.items ?? []);
    this.#warmer = new PrefixWarmer(parts.llm, context.clock, context.callId);
    const health = (): PartHealth =>
      new PartHealth(settings.failuresAllowed, (error) => this.#fail(error));
    // A voice's connection and what it says fail together: one loss is one failure of each.
    this.#health = { stt: health(), llm: health(), tts: health(), speech: health() };
    counters.sessionsOpen += 1;
    counters.sessionsTotal += 1;
  }

  /** Opens recogniser and voice, both at once. Rejects with the first one's `CallError`. */
  static async open(options: SessionOptions, signal: AbortSignal): Promise<CascadeSession> {
    const session = new CascadeSession(options);
    try {
      await session.#open(signal);
      return session;
    } catch (thrown) {
      session.close();
      throw thrown;
    }
  }

  get events(): Incoming<BackendEvent> {
    return this.#queue;
  }

  /** What was said before the session. */
  seed(items: readonly ConversationItem[]): void {
    for (const item of items) this.#history.addItem(item, undefined);
  }

  send(command: BackendCommand): 'ok' | 'closed' {
    if (this.#closed || this.#listener === null || this.#lines === null) return 'closed';
    if (command.type === 'audio') this.#listener.push(command.chunk);
    else this.#execute(command, this.#listener, this.#lines);
    return this.#isClosed() ? 'closed' : 'ok';
  }

  close(): void {
    if (!this.#closed) this.#end();
    this.#queue.drain();
  }

  async #open(signal: AbortSignal): Promise<void> {
    const either = new AbortController();
    const both = AbortSignal.any([signal, either.signal]);
    const opening = [this.#openListener(both), this.#openVoice(both)] as const;
    try {
      [this.#listener, this.#voice] = await Promise.all(opening);
    } catch (thrown) {
      either.abort(new CallError('backend_refused', 'another part did not open'));
      for (const part of opening) {
        void part.then(
          (opened) => opened.close(),
          () => undefined,
        );
      }
      throw thrown;
    }
    if (signal.aborted || this.#isClosed()) {
      this.#listener.close();
      this.#voice.close();
      throw new CallError('backend_refused', 'opening was given up', { cause: signal.reason });
    }
    this.#lines = this.#makeLines(this.#voice);
    this.#warm();
  }

  #openListener(signal: AbortSignal): Promise<Listener> {
    const { context, parts, settings, counters, chance } = this.#options;
    const { callId, clock, log, inputFormat } = context;
    return Listener.open(
      {
        port: parts.stt,
        context: {
          callId,
          clock,
          log,
          format: inputFormat,
          language: settings.language ?? null,
          keyTerms: settings.keyTerms,
        },
        counters,
        chance,
        health: this.#health.stt,
        finalTimeoutMs: settings.finalTimeoutMs,
        emit: (event) => this.#emit(event),
        onHole: (itemId) => this.#emit({ type: 'caller.lost', itemId }),
        onMore: (itemId, text) => this.#transcript(itemId, text, false),
        onFinal: (itemId, text) => {
          this.#history.settleTurn(itemId, text);
          this.#transcript(itemId, text, true);
          this.#lines?.turnKnown();
        },
      },
      signal,
    );
  }

  #openVoice(signal: AbortSignal): Promise<VoiceDesk> {
    const { context, parts, counters, chance } = this.#options;
    const { callId, clock, log } = context;
    const voice = { callId, clock, log };
    const health = this.#health.tts;
    return VoiceDesk.open({ port: parts.tts, context: voice, counters, chance, health }, signal);
  }

  #makeLines(voice: VoiceDesk): Lines {
    const { context, parts, settings, counters, cache, clauses, speaking } = this.#options;
    return new Lines({
      context,
      history: this.#history,
      settings: () => this.#settings,
      emit: (event) => this.#emit(event),
      answers: {
        clock: context.clock,
        llm: parts.llm,
        voice,
        cache,
        counters,
        clauses,
        speaking,
        utterance: { language: settings.language ?? null, format: context.outputFormat },
        timed: parts.tts.capabilities.timing !== 'none',
        aheadMs: settings.aheadMs,
        modelHealth: this.#health.llm,
        speechHealth: this.#health.speech,
        onSpoken: (spokenCharacters) =>
          this.#emit({ type: 'usage', usage: null, spokenCharacters }),
      },
    });
  }

  /** What the next answers will need is made ready. */
  #warm(): void {
    const { context, cache, settings } = this.#options;
    const { voice } = this.#settings;
    const utterance = { voice, language: settings.language ?? null, format: context.outputFormat };
    cache.fill(utterance, context.clock, context.log);
    this.#warmer.want(this.#settings);
  }

  #execute(
    command: Exclude<BackendCommand, { type: 'audio' }>,
    listener: Listener,
    lines: Lines,
  ): void {
    switch (command.type) {
      case 'configure':
        this.#settings = command.settings;
        this.#warm();
        return;
      case 'commit':
        this.#history.addTurn(command.itemId, listener.text, command.silence === true);
        listener.finish(command.itemId, command.fromSample);
        return;
      case 'clear':
        listener.clear();
        return;
      case 'respond':
        this.#warmer.skip();
        if (lines.has(command.lineId)) this.#count(false);
        else lines.respond(command);
        return;
      case 'speculate':
        this.#warmer.skip();
        lines.speculate(command.speculationId, command.text);
        return;
      case 'speculation.drop':
        this.#count(lines.drop(command.speculationId));
        return;
      // Only backends that ask for these get them.
      case 'caller.floor':
      case 'server_tool.approve':
        this.#count(false);
        return;
      case 'cancel':
        // A line that has just finished is none of a cancel's business.
        lines.cancel(command.lineId);
        return;
      case 'truncate':
        this.#count(this.#history.truncate(command.lineId, command.heardMs, command.heardText));
        return;
      case 'item.add':
        this.#history.addItem(command.item, command.afterItemId);
        return;
      case 'item.delete':
        this.#count(this.#history.delete(command.itemId));
        lines.turnKnown();
    }
  }

  #transcript(itemId: string, text: string, final: boolean): void {
    if (!this.#settings.callerTranscripts) return;
    this.#emit({ type: 'caller.transcript', itemId, text, final });
  }

  #emit(event: BackendEvent): void {
    if (this.#closed) return;
    countBilledLine(this.#counters, event);
    if (this.#queue.size < eventLimit) {
      this.#queue.push(event);
      return;
    }
    this.#counters.queueOverflows += 1;
    this.#fail(new CallError('queue_overflow', `${eventLimit} backend events were not taken`));
  }

  #count(matched: boolean): void {
    if (!matched) this.#counters.commandsUnmatched += 1;
  }

  #fail(error: CallError): void {
    if (this.#closed) return;
    this.#counters.sessionsFailed += 1;
    this.#queue.push({ type: 'failed', error });
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#warmer.close();
    this.#lines?.close();
    this.#listener?.close();
    this.#voice?.close();
    this.#queue.close();
    this.#counters.sessionsOpen -= 1;
    this.#options.onClosed(this);
  }

  /** A method, because a command may close what the compiler believes open. */
  #isClosed(): boolean {
    return this.#closed;
  }
}
