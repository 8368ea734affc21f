import type { FastifyReply } from 'fastify';
import { CallError } from '../ports/errors.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { CallBook, Following } from './call-book.ts';

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
   * @throws CallError when there are too many streams, no such call, or no store to be asked
   */
  async serve(reply: FastifyReply, callId: string, afterSeq: number): Promise<void> {
    if (this.#open.size >= this.#streamLimit) {
      throw new CallError('server_full', 'Too many event streams are open.');
    }
    // Taken before anything is waited for: many may ask at once.
    const place = (): void => undefined;
    this.#open.add(place);
    let stream: EventStream | null = null;
    const early: LogEntry[] = [];
    const past = { ended: false };
    let following: Following | undefined;
    try {
      following = await this.#book.follow(callId, afterSeq, {
        entry: (entry) => (stream === null ? void early.push(entry) : stream.write(entry)),
        ended: () => (stream === null ? (past.ended = true) : stream.finish()),
      });
    } finally {
      this.#open.delete(place);
    }
    if (following === undefined) throw new CallError('not_found', 'No such call is known.');
    const { stop } = following;
    if (reply.raw.destroyed) {
      stop();
      return;
    }
    reply.hijack();
    const opened: EventStream = new EventStream(reply.raw, {
      clock: this.#clock,
      unsentLimitBytes: this.#unsentLimitBytes,
      onSlow: () => (this.#slow += 1),
      onClosed: () => {
        stop();
        this.#open.delete(finish);
      },
    });
    const finish = (): void => opened.finish();
    stream = opened;
    this.#open.add(finish);
    for (const entry of [...following.past, ...early]) opened.write(entry);
    if (past.ended) opened.finish();
  }

  /** Ends every stream. */
  close(): void {
    for (const finish of [...this.#open]) finish();
  }
}

interface EventStreamParts {
  readonly clock: Clock;
  readonly unsentLimitBytes: number;
  readonly onSlow: () => void;
  readonly onClosed: () => void;
}

/** One reader. */
class EventStream {
  readonly #stream: FastifyReply['raw'];
  readonly #parts: EventStreamParts;
  #timer: Timer;

  constructor(stream: FastifyReply['raw'], parts: EventStreamParts) {
    this.#stream = stream;
    this.#parts = parts;
    // Without a listener a stream that fails would end the process; its reader is gone then.
    stream.on('error', () => stream.destroy());
    stream.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    stream.flushHeaders();
    this.#timer = this.#timerIn(keepAliveMs, () => this.#keepAlive());
    stream.on('close', () => {
      this.#timer.cancel();
      parts.onClosed();
    });
  }

  write(entry: LogEntry): void {
    this.#text(eventText(entry));
  }

  finish(): void {
    if (this.#stream.writableEnded || this.#stream.destroyed) return;
    this.#timer.cancel();
    this.#timer = this.#timerIn(flushMs, () => this.#letGo());
    this.#stream.end();
  }

  #keepAlive(): void {
    this.#text(': still here\n\n');
    this.#timer = this.#timerIn(keepAliveMs, () => this.#keepAlive());
  }

  #text(text: string): void {
    if (this.#stream.writableEnded || this.#stream.destroyed) return;
    if (this.#stream.writableLength <= this.#parts.unsentLimitBytes) this.#stream.write(text);
    else this.#letGo();
  }

  #letGo(): void {
    this.#parts.onSlow();
    this.#stream.destroy();
  }

  #timerIn(delayMs: number, callback: () => void): Timer {
    const { clock } = this.#parts;
    return clock.timerAt(clock.nowMs() + delayMs, callback);
  }
}

function eventText(entry: LogEntry): string {
  return `id: ${entry.seq}\nevent: ${entry.type}\ndata: ${JSON.stringify(entry)}\n\n`;
}
