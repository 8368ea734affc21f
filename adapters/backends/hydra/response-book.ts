import type { BackendEvent, LineOutcome } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';

/** What is to be done, in this order. */
export type BookEffect =
  | { readonly type: 'create'; readonly lineId: string }
  | { readonly type: 'cancel'; readonly responseId: string }
  | {
      readonly type: 'emit';
      readonly event: BackendEvent & { type: 'line.started' | 'line.done' };
    };

export interface ResponseBookOptions {
  /** Id for a line that the upstream begins by itself. */
  readonly ownLineId: () => string;
  /** After a tool's output, until an answer is asked for, ms. */
  readonly toolSettleMs: number;
}

/** An answer that was asked for and has not begun. */
interface Wanted {
  readonly lineId: string;
  sinceMs: number;
  cancelled: boolean;
  attempts: number;
}

/** A response that the upstream has begun. */
interface Run {
  readonly lineId: string;
  /** What it brings is passed on: nobody has stopped it. */
  live: boolean;
  /** Its line's end was told already. */
  ended: boolean;
}

/** Answers waiting at once (a count). */
const waitingLimit = 32;
/** How often a request is sent that the upstream refuses. */
const attemptLimit = 3;
/** Tools whose output an answer waits for, ms; longer, and it is asked for without. */
const toolWaitMs = 8000;
/** A request that was taken back and of which nothing was heard for this long is forgotten, ms. */
const forgetMs = 5000;
/** Tool calls that are remembered (a count). */
const callLimit = 64;

/**
 * Which response is which line, on a wire that names only its own responses: what was asked for
 * first begins first, anything else is a line of the upstream's own. One request at a time, never
 * while a response runs, and after tool calls once, when their outputs are in. No socket, no timer:
 * events and times in, effects out.
 */
export class ResponseBook {
  readonly #options: ResponseBookOptions;
  readonly #waiting: Wanted[] = [];
  /** Sent, and not begun; oldest first. */
  readonly #asked: Wanted[] = [];
  readonly #running = new Map<string, Run>();
  /** Latest tool calls: an answer waits for their output, nobody waits for it, or it is in. */
  readonly #calls = new Map<string, 'awaited' | 'late' | 'answered'>();
  #lastOutputMs = -Infinity;
  #isOpen = false;

  constructor(options: ResponseBookOptions) {
    this.#options = options;
  }

  /** The first answer is asked for by the settings themselves. @returns whether there is one */
  askedBySettings(nowMs: number): boolean {
    const first = this.#waiting.shift();
    if (first === undefined) return false;
    this.#asked.push({ ...first, sinceMs: nowMs });
    return true;
  }

  /** Requests can be sent from now on. */
  open(nowMs: number): BookEffect[] {
    this.#isOpen = true;
    return this.next(nowMs);
  }

  /** @returns `null` when the line is already there */
  respond(lineId: string, nowMs: number): BookEffect[] | null {
    if (this.#knows(lineId)) return null;
    if (this.#waiting.length >= waitingLimit) {
      const error = new CallError('backend_overloaded', `more than ${waitingLimit} answers wait`);
      return [done(lineId, { status: 'failed', error })];
    }
    this.#waiting.push({ lineId, sinceMs: nowMs, cancelled: false, attempts: 0 });
    return this.next(nowMs);
  }

  /** @returns `null` when there is no such line, or it is being cancelled already */
  cancel(lineId: string): BookEffect[] | null {
    const place = this.#waiting.findIndex((wanted) => wanted.lineId === lineId);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      return [done(lineId, { status: 'cancelled' })];
    }
    // Not begun yet: it has no id to be cancelled by. That comes, and then it goes.
    const asked = this.#asked.find((wanted) => wanted.lineId === lineId && !wanted.cancelled);
    if (asked !== undefined) {
      asked.cancelled = true;
      return [done(lineId, { status: 'cancelled' })];
    }
    for (const [responseId, run] of this.#running) {
      if (run.lineId === lineId && run.live) return this.#stop(responseId, run);
    }
    return null;
  }

  /**
   * The caller speaks: what runs is stopped, and what was wanted has lost its occasion, since the
   * upstream answers the new turn by itself.
   */
  interrupted(): BookEffect[] {
    const lost = [...this.#waiting.splice(0), ...this.#asked.splice(0)];
    for (const [toolCallId, state] of this.#calls) {
      if (state === 'awaited') this.#calls.set(toolCallId, 'late');
    }
    return [
      ...[...this.#running].flatMap(([responseId, run]) => this.#stop(responseId, run)),
      ...lost
        .filter(({ cancelled }) => !cancelled)
        .map(({ lineId }) => done(lineId, { status: 'cancelled' })),
    ];
  }

  /** The upstream began a response. */
  created(responseId: string, nowMs: number): BookEffect[] {
    // A response takes the place of one that has not said that it is over.
    const effects = [...this.#running.values()].flatMap((run) => {
      run.live = false;
      if (run.ended) return [];
      run.ended = true;
      return [done(run.lineId, { status: 'cancelled' })];
    });
    const forgotten = (it: Wanted): boolean => it.cancelled && nowMs - it.sinceMs > forgetMs;
    while (this.#asked[0] !== undefined && forgotten(this.#asked[0])) this.#asked.shift();
    const wanted = this.#asked.shift() ?? this.#waiting.shift();
    const cancelled = wanted?.cancelled === true;
    const lineId = wanted?.lineId ?? this.#options.ownLineId();
    this.#running.set(responseId, { lineId, live: !cancelled, ended: cancelled });
    effects.push(cancelled ? { type: 'cancel', responseId } : started(lineId));
    return effects;
  }

  /** The upstream is done with a response, however it went. */
  done(responseId: string, outcome: LineOutcome, nowMs: number): BookEffect[] {
    const run = this.#running.get(responseId);
    this.#running.delete(responseId);
    const effects =
      run === undefined || run.ended
        ? []
        : [done(run.lineId, run.live ? outcome : { status: 'cancelled' })];
    return [...effects, ...this.next(nowMs)];
  }

  /** The upstream refused to begin a line's response. */
  createFailed(lineId: string, error: CallError, nowMs: number): BookEffect[] {
    const place = this.#asked.findIndex((wanted) => wanted.lineId === lineId);
    const [wanted] = place < 0 ? [] : this.#asked.splice(place, 1);
    if (wanted === undefined || wanted.cancelled) return this.next(nowMs);
    if (this.#running.size > 0 && wanted.attempts < attemptLimit) {
      this.#waiting.unshift(wanted);
      return [];
    }
    return [done(lineId, { status: 'failed', error }), ...this.next(nowMs)];
  }

  /** @returns whether this call is a new one */
  toolCalled(toolCallId: string): boolean {
    if (this.#calls.has(toolCallId)) return false;
    this.#calls.set(toolCallId, 'awaited');
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > callLimit && oldest !== undefined) this.#calls.delete(oldest);
    return true;
  }

  /** @returns whether such a call waits for its output, which is to be sent then */
  outputCame(toolCallId: string, nowMs: number): boolean {
    const state = this.#calls.get(toolCallId);
    if (state === undefined || state === 'answered') return false;
    this.#calls.set(toolCallId, 'answered');
    this.#lastOutputMs = nowMs;
    return true;
  }

  /** The line that a response's event belongs to; `live` unless it was stopped. */
  lineOf(responseId: string): { readonly lineId: string; readonly live: boolean } | undefined {
    return this.#running.get(responseId);
  }

  /** Asks for the next answer, if that may be now. */
  next(nowMs: number): BookEffect[] {
    const dueMs = this.wakeAtMs;
    if (dueMs === null || dueMs > nowMs) return [];
    const wanted = this.#waiting.shift();
    if (wanted === undefined) return [];
    wanted.attempts += 1;
    wanted.sinceMs = nowMs;
    this.#asked.push(wanted);
    return [{ type: 'create', lineId: wanted.lineId }];
  }

  /** When `next` is to be asked again; `null` while only an event can change anything. */
  get wakeAtMs(): number | null {
    const [first] = this.#waiting;
    const busy = this.#running.size > 0 || this.#asked.some(({ cancelled }) => !cancelled);
    if (first === undefined || busy || !this.#isOpen) return null;
    const settledMs = this.#lastOutputMs + this.#options.toolSettleMs;
    const outputsAreIn = ![...this.#calls.values()].includes('awaited');
    return outputsAreIn ? settledMs : Math.max(settledMs, first.sinceMs + toolWaitMs);
  }

  #stop(responseId: string, run: Run): BookEffect[] {
    if (!run.live) return [];
    run.live = false;
    return [{ type: 'cancel', responseId }];
  }

  #knows(lineId: string): boolean {
    return (
      [...this.#waiting, ...this.#asked].some((wanted) => wanted.lineId === lineId) ||
      [...this.#running.values()].some((run) => run.lineId === lineId)
    );
  }
}

function started(lineId: string): BookEffect {
  return { type: 'emit', event: { type: 'line.started', lineId } };
}

function done(lineId: string, outcome: LineOutcome): BookEffect {
  return { type: 'emit', event: { type: 'line.done', lineId, outcome, usage: null } };
}
