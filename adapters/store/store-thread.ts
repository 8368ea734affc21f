import { setImmediate as turn } from 'node:timers/promises';
import { CallError } from '../../src/ports/errors.ts';
import type { Logger } from '../../src/ports/log.ts';
import type {
  CallQuery,
  CallRecord,
  Delivery,
  StoredCall,
  StorePort,
} from '../../src/ports/store.ts';
import type { Clock } from '../../src/time/clock.ts';
import { endFinished, openThread, workerBeside, type Thread } from '../shared/thread.ts';
import type { StoreReply, StoreRequest, StoreStart } from './messages.ts';

export interface StoreThreadOptions extends StoreStart {
  readonly clock: Clock;
  readonly log: Logger;
  /** Told when a call is on the disk. */
  readonly onStored?: (callId: string) => void;
}

interface Asked {
  readonly answer: (reply: StoreReply) => void;
  readonly refuse: (error: CallError) => void;
}

/** Log entries that go to the thread at once (a count): a long log must not hold up a frame. */
const pieceLength = 200;
/** Calls on their way to the disk that can be asked for meanwhile, and questions (a count each). */
const onTheWayLimit = 1_000;
/** Longest wait for an answer, ms. */
const answerLimitMs = 10_000;
/** Longest wait for the end, ms. */
const endLimitMs = 15_000;

/** The store, in a thread of its own: a database is never waited for by whoever moves audio. */
export class StoreThread implements StorePort {
  readonly #options: StoreThreadOptions;
  readonly #thread: Thread<StoreRequest>;
  readonly #asked = new Map<number, Asked>();
  /** Sent to the thread, not on the disk yet. */
  readonly #onTheWay = new Map<string, CallRecord>();
  readonly #sending = new Set<Promise<void>>();
  readonly #counts = { put: 0, lostOnTheWay: 0, asksRefused: 0 };
  readonly #ended = Promise.withResolvers<undefined>();
  #threadFigures: Readonly<Record<string, number>> = {};
  #nextAsk = 0;
  #gone = false;
  #closing = false;

  constructor(options: StoreThreadOptions) {
    const { database, endpoints, retentionDays, maxCalls } = options;
    this.#options = options;
    this.#thread = openThread<StoreRequest, StoreReply>({
      name: 'store',
      file: workerBeside(import.meta.url),
      data: { database, endpoints, retentionDays, maxCalls } satisfies StoreStart,
      keepsAlive: false,
      message: (reply) => this.#told(reply),
      lost: (reason) => this.#lost(reason),
    });
  }

  put(record: CallRecord, deliveries: readonly Delivery[]): void {
    if (this.#gone || this.#onTheWay.size >= onTheWayLimit) {
      this.#counts.lostOnTheWay += 1;
      this.#options.log.error('store.lost', { callId: record.callId });
      return;
    }
    this.#counts.put += 1;
    this.#onTheWay.set(record.callId, record);
    const sent = this.#bring(record, deliveries);
    this.#sending.add(sent);
    void sent.finally(() => this.#sending.delete(sent));
  }

  tell(deliveries: readonly Delivery[]): void {
    if (deliveries.length > 0) this.#send({ type: 'tell', deliveries });
  }

  async get(callId: string): Promise<StoredCall | undefined> {
    const record = this.#onTheWay.get(callId);
    if (record !== undefined)
      return { agent: record.agent, out: record.out, json: JSON.stringify(record) };
    const reply = await this.#ask((askId) => ({ type: 'get', askId, callId }));
    return reply.type === 'got' ? (reply.call ?? undefined) : undefined;
  }

  async list(query: CallQuery): Promise<readonly string[]> {
    // A call that is over is in the list, although its log is still on its way.
    await Promise.all(this.#sending);
    const reply = await this.#ask((askId) => ({ type: 'list', askId, query }));
    return reply.type === 'listed' ? reply.calls : [];
  }

  figures(): Readonly<Record<string, number>> {
    return { ...this.#counts, ...this.#threadFigures, onTheWay: this.#onTheWay.size };
  }

  async close(): Promise<void> {
    await Promise.all(this.#sending);
    if (!this.#closing && !this.#gone) {
      this.#closing = true;
      this.#thread.ref();
      this.#send({ type: 'close' });
    }
    const { clock } = this.#options;
    await endFinished(this.#thread, this.#ended.promise, { clock, limitMs: endLimitMs });
  }

  /** In pieces, between which others get their turn. */
  async #bring(record: CallRecord, deliveries: readonly Delivery[]): Promise<void> {
    const { events, ...rest } = record;
    const { callId } = record;
    for (let from = 0; from < events.length; from += pieceLength) {
      this.#send({ type: 'events', callId, events: events.slice(from, from + pieceLength) });
      await turn();
    }
    this.#send({ type: 'put', record: rest, deliveries });
  }

  async #ask(request: (askId: number) => StoreRequest): Promise<StoreReply> {
    if (this.#gone || this.#asked.size >= onTheWayLimit) {
      this.#counts.asksRefused += 1;
      throw unreachable();
    }
    const { clock } = this.#options;
    const askId = this.#nextAsk++;
    const { promise, resolve, reject } = Promise.withResolvers<StoreReply>();
    this.#asked.set(askId, { answer: resolve, refuse: reject });
    const patience = clock.timerAt(clock.nowMs() + answerLimitMs, () => reject(unreachable()));
    this.#send(request(askId));
    try {
      return await promise;
    } finally {
      patience.cancel();
      this.#asked.delete(askId);
    }
  }

  #send(request: StoreRequest): void {
    this.#thread.send(request);
  }

  #told(reply: StoreReply): void {
    const { log, onStored } = this.#options;
    switch (reply.type) {
      case 'stored':
        this.#onTheWay.delete(reply.callId);
        onStored?.(reply.callId);
        return;
      case 'lost':
        this.#onTheWay.delete(reply.callId);
        log.error('store.lost', { callId: reply.callId });
        return;
      case 'got':
      case 'listed':
        this.#asked.get(reply.askId)?.answer(reply);
        return;
      case 'refused':
        this.#asked.get(reply.askId)?.refuse(unreachable());
        return;
      case 'trouble':
        log.error('store.trouble', { reason: reply.reason });
        return;
      case 'delivery': {
        const { givenUp, ...fields } = reply.trouble;
        if (givenUp) log.error('webhook.given_up', fields);
        else log.warn('webhook.not_taken', fields);
        return;
      }
      case 'figures':
        this.#threadFigures = reply.figures;
        return;
      case 'closed':
        this.#ended.resolve(undefined);
    }
  }

  #lost(reason: string): void {
    this.#ended.resolve(undefined);
    if (this.#gone) return;
    this.#gone = true;
    for (const { refuse } of [...this.#asked.values()]) refuse(unreachable());
    const calls = this.#onTheWay.size;
    this.#onTheWay.clear();
    if (this.#closing) return;
    this.#options.log.error('store.gone', { reason, callsLost: calls });
  }
}

function unreachable(): CallError {
  return new CallError('model_unavailable', 'The store of finished calls cannot be reached.');
}
