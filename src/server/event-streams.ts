import type { FastifyReply } from 'fastify';
import { CallError } from '../ports/errors.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { CallBook } from './call-book.ts';

export interface EventStreamOptions {
  readonly book: CallBook;
  readonly clock: Clock;
  /** Most streams at once (a count). */
  readonly streamLimit?: number;
  /** Most bytes waiting for a reader; one that lets more gather is let go. */
  readonly unsentLimitBytes?: number;
}

const keepAliveMs = 15_000;
/** Longest an ended stream may take to reach its reader, ms. */
const flushMs = 30_000;

/** Calls' logs as server-sent events: what was, then what happens, until the call ends. */
export class EventStreams {
  readonly #book: CallBook;
  readonly #clock: Clock;
  readonly #streamLimit: number;
  readonly #unsentLimitBytes: number;
  readonly #open = new Set<() => void>();
  #slow = 0;

  constructor({
    book,
    clock,
    streamLimit = 64,
    unsentLimitBytes = 4 * 1024 * 1024,
  }: EventStreamOptions) {
    this.#book = book;
    this.#clock = clock;
    this.#streamLimit = streamLimit;
    this.#unsentLimitBytes = unsentLimitBytes;
  }

  /** Readers that were let go because they did not read. */
  get slow(): number {
    return this.#slow;
  }

  /**
   * Answers a request with the log of a call after `afterSeq`. The reader may take it up again
   * where it was: each event's id is its `seq`.
   *
   * @throws CallError when there are too many streams, or no such call
   */
  serve(reply: FastifyReply, callId: string, afterSeq: number): void {
    if (this.#open.size >= this.#streamLimit) {
      throw new CallError('server_full', 'Too many event streams are open.');
    }
    if (this.#book.get(callId) === undefined) {
      throw new CallError('not_found', 'No such call is known.');
    }
    reply.hijack();
    const stream = reply.raw;
    // Without a listener a stream that fails would end the process; its reader is gone then.
    stream.on('error', () => stream.destroy());
    const letGo = (): void => {
      this.#slow += 1;
      stream.destroy();
    };
    const write = (text: string): void => {
      if (stream.writableEnded || stream.destroyed) return;
      if (stream.writableLength <= this.#unsentLimitBytes) stream.write(text);
      else letGo();
    };
    const keepAlive = (): void => {
      write(': still here\n\n');
      timer = this.#timerIn(keepAliveMs, keepAlive);
    };
    let timer = this.#timerIn(keepAliveMs, keepAlive);
    const finish = (): void => {
      if (stream.writableEnded || stream.destroyed) return;
      timer.cancel();
      timer = this.#timerIn(flushMs, letGo);
      stream.end();
    };
    stream.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    stream.flushHeaders();
    const following = this.#book.follow(callId, afterSeq, {
      entry: (entry) => write(eventText(entry)),
      ended: finish,
    });
    for (const entry of following?.past ?? []) write(eventText(entry));
    this.#open.add(finish);
    stream.on('close', () => {
      following?.stop();
      timer.cancel();
      this.#open.delete(finish);
    });
  }

  /** Ends every stream. */
  close(): void {
    for (const finish of [...this.#open]) finish();
  }

  #timerIn(delayMs: number, callback: () => void): Timer {
    return this.#clock.timerAt(this.#clock.nowMs() + delayMs, callback);
  }
}

function eventText(entry: LogEntry): string {
  return `id: ${entry.seq}\nevent: ${entry.type}\ndata: ${JSON.stringify(entry)}\n\n`;
}
