import type { Clock } from '../../../src/time/clock.ts';
import type { Cancellation } from './cancellation.ts';
import type { EchoReply, EchoRequest } from './link.ts';

/** Requests that may wait for a canceller that is being made; it takes some milliseconds. */
const waitingLimit = 200;

interface Entry {
  cancellation: Cancellation | null;
  /** What came before the canceller was there. */
  waiting: EchoRequest[];
  over: boolean;
}

/** The thread's side: one canceller per stream, requests in order. */
export class CancellationBook {
  readonly #clock: Clock;
  readonly #open: () => Promise<Cancellation>;
  readonly #reply: (reply: EchoReply) => void;
  readonly #entries = new Map<number, Entry>();

  constructor(options: {
    clock: Clock;
    open: () => Promise<Cancellation>;
    reply: (reply: EchoReply) => void;
  }) {
    this.#clock = options.clock;
    this.#open = options.open;
    this.#reply = options.reply;
  }

  take(request: EchoRequest): void {
    const { streamId } = request;
    if (request.type === 'open') {
      const entry: Entry = { cancellation: null, waiting: [], over: false };
      this.#entries.set(streamId, entry);
      void this.#start(streamId, entry);
      return;
    }
    const entry = this.#entries.get(streamId);
    if (entry === undefined) return;
    if (entry.cancellation === null && request.type !== 'close') {
      if (entry.waiting.length < waitingLimit) entry.waiting.push(request);
      else this.#fail(streamId, entry, 'too much audio came before the canceller was ready');
      return;
    }
    this.#run(entry, request);
  }

  async #start(streamId: number, entry: Entry): Promise<void> {
    try {
      const cancellation = await this.#open();
      if (entry.over) {
        cancellation.close();
        return;
      }
      entry.cancellation = cancellation;
      for (const request of entry.waiting.splice(0)) this.#run(entry, request);
    } catch (thrown) {
      this.#fail(streamId, entry, thrown instanceof Error ? thrown.message : 'unknown failure');
    }
  }

  #run(entry: Entry, request: EchoRequest): void {
    const { streamId } = request;
    if (entry.over) return;
    try {
      switch (request.type) {
        case 'open':
          return;
        case 'reference':
          entry.cancellation?.reference(request.pcm, request.atMs);
          return;
        case 'align':
          entry.cancellation?.align(request.delayMs);
          return;
        case 'capture': {
          if (entry.cancellation === null) return;
          const startMs = this.#clock.nowMs();
          const pcm = entry.cancellation.capture(request.pcm, request.atMs);
          const runMs = this.#clock.nowMs() - startMs;
          this.#reply({ type: 'clean', streamId, pcm, runMs });
          return;
        }
        case 'close':
          this.#forget(streamId, entry);
          return;
      }
    } catch (thrown) {
      this.#fail(streamId, entry, thrown instanceof Error ? thrown.message : 'unknown failure');
    }
  }

  #fail(streamId: number, entry: Entry, message: string): void {
    if (entry.over) return;
    this.#forget(streamId, entry);
    this.#reply({ type: 'failed', streamId, message });
  }

  #forget(streamId: number, entry: Entry): void {
    entry.over = true;
    entry.waiting = [];
    this.#entries.delete(streamId);
    entry.cancellation?.close();
    entry.cancellation = null;
  }
}
