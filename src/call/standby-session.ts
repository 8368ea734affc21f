import { asCallError, CallError } from '../ports/errors.ts';
import type { BackendCommand, BackendEvent, BackendSession } from '../ports/backend.ts';
import type { ConversationItem } from '../ports/conversation.ts';
import type { Incoming } from '../streams/bounded-queue.ts';

/** Events kept until somebody takes the session over (a count): 20 s of 20 ms pieces. */
const keptLimit = 1000;

export interface StandbyHandlers {
  /** Something came, and is kept. */
  readonly onEvent: (event: BackendEvent) => void;
  /** It ended before anybody took it over. */
  readonly onLost: (error: CallError) => void;
}

/**
 * A session that somebody watches before the call takes it over: what it says meanwhile is kept, in
 * order, for whoever consumes it then.
 */
export class StandbySession implements BackendSession {
  readonly #session: BackendSession;
  #handlers: StandbyHandlers;
  readonly #kept: BackendEvent[] = [];
  readonly #ended: Promise<void>;
  #take: ((event: BackendEvent) => boolean) | null = null;
  #over = false;
  #closed = false;

  constructor(session: BackendSession, handlers: StandbyHandlers) {
    this.#session = session;
    this.#handlers = handlers;
    this.#ended = this.#pump();
    this.#ended.catch(() => undefined);
  }

  /** It is there, and nothing has gone wrong with it. */
  get alive(): boolean {
    return !this.#over && !this.#closed;
  }

  get events(): Incoming<BackendEvent> {
    return { consume: (take) => this.#consume(take), [Symbol.asyncIterator]: notIterated };
  }

  /** Somebody else watches it from now on. */
  watch(handlers: StandbyHandlers): void {
    this.#handlers = handlers;
  }

  /** What it has said, and nobody wants to hear, is not told. */
  forget(unwanted: (event: BackendEvent) => boolean): void {
    const wanted = this.#kept.filter((event) => !unwanted(event));
    this.#kept.splice(0, this.#kept.length, ...wanted);
  }

  send(command: BackendCommand): 'ok' | 'overflow' | 'closed' {
    return this.#session.send(command);
  }

  seed(items: readonly ConversationItem[]): void {
    this.#session.seed?.(items);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#kept.length = 0;
    this.#session.close();
  }

  async #consume(take: (event: BackendEvent) => boolean): Promise<void> {
    // As from any session: not within the call that asks for it.
    await Promise.resolve();
    for (const event of this.#kept.splice(0)) {
      if (!take(event)) return;
    }
    this.#take = take;
    await this.#ended;
  }

  async #pump(): Promise<void> {
    const { events } = this.#session;
    const take = (event: BackendEvent): boolean => this.#event(event);
    try {
      if (events.consume !== undefined) await events.consume(take);
      else for await (const event of events) if (!take(event)) break;
    } catch (thrown) {
      this.#lost(asCallError(thrown, 'backend_protocol'));
      throw thrown;
    }
    this.#lost(new CallError('backend_closed', 'the backend ended its session'));
  }

  #event(event: BackendEvent): boolean {
    if (this.#closed) return false;
    if (this.#take !== null) return this.#take(event);
    if (this.#kept.length >= keptLimit) {
      this.#lost(new CallError('queue_overflow', `${keptLimit} events were not taken`));
      return false;
    }
    this.#kept.push(event);
    if (event.type === 'failed') this.#lost(event.error);
    else this.#handlers.onEvent(event);
    return true;
  }

  /** Whoever has taken it over hears of its end by itself. */
  #lost(error: CallError): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#closed && this.#take === null) this.#handlers.onLost(error);
  }
}

function notIterated(): AsyncIterator<BackendEvent> {
  throw new TypeError('a session that stood by is consumed by callback');
}
