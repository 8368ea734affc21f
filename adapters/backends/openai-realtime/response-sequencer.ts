import type { ClientEvent } from '../../../protocol/openai-realtime/client-events.ts';
import type { BackendEvent, LineOutcome, Usage } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';

type Create = ClientEvent & { readonly type: 'response.create' };

/** What is to be done, in this order. */
export type SequencerEffect =
  | { readonly type: 'create'; readonly lineId: string; readonly event: Create }
  | { readonly type: 'cancel'; readonly responseId: string }
  | {
      readonly type: 'emit';
      /** `usage`: of a response that is no line's. */
      readonly event: BackendEvent & { type: 'line.started' | 'line.done' | 'usage' };
    };

/** One response, from the request to its end. */
interface Run {
  /** `null`: the upstream began it uninvited, and nobody is to hear of it. */
  readonly lineId: string | null;
  readonly outOfBand: boolean;
  /** `null` where the upstream began it. */
  readonly create: Create | null;
  responseId: string | null;
  /** Nothing of it is passed on any more. */
  cancelled: boolean;
  attempts: number;
}

export interface SequencerOptions {
  /** Id for a line that the upstream begins by itself; `null` where it may not. */
  readonly ownLineId: () => string | null;
  readonly echoesMetadata: boolean;
}

/** The line of a response. */
export interface LiveLine {
  readonly lineId: string;
  /** Not cancelled: what comes of it is passed on. */
  readonly live: boolean;
  readonly outOfBand: boolean;
}

/** Responses waiting or running at once (a count). */
const runLimit = 32;
/** How often a request is sent that meets a response of the upstream's own. */
const attemptLimit = 3;

/**
 * Two responses never run in the default conversation: a request waits until the one before it is
 * done, cancelled or not. Keeps which response is which line; what belongs to none, or to a
 * cancelled one, maps to nothing. No socket, no clock: events in, effects out.
 */
export class ResponseSequencer {
  readonly #options: SequencerOptions;
  /** In the conversation, waiting for the one before; oldest first. */
  readonly #waiting: Run[] = [];
  /** Sent, in order, not yet created by the upstream. */
  readonly #requested: Run[] = [];
  readonly #running = new Map<string, Run>();
  /** The upstream said that a response runs which we know nothing of. */
  #blocked = false;

  constructor(options: SequencerOptions) {
    this.#options = options;
  }

  /** Responses waiting or running. */
  get size(): number {
    return this.#waiting.length + this.#requested.length + this.#running.size;
  }

  /** @returns `null` when the line is already there */
  respond(lineId: string, outOfBand: boolean, event: Create): SequencerEffect[] | null {
    if (this.#find(lineId) !== undefined) return null;
    if (this.size >= runLimit) {
      const error = new CallError('backend_overloaded', `more than ${runLimit} responses at once`);
      return [done(lineId, { status: 'failed', error }, null)];
    }
    const run: Run = {
      lineId,
      outOfBand,
      create: event,
      responseId: null,
      cancelled: false,
      attempts: 0,
    };
    if (outOfBand) return this.#create(run);
    this.#waiting.push(run);
    return this.#next();
  }

  /** @returns `null` when there is no such line, or it is being cancelled already */
  cancel(lineId: string): SequencerEffect[] | null {
    const run = this.#find(lineId);
    if (run === undefined || run.cancelled) return null;
    run.cancelled = true;
    const place = this.#waiting.indexOf(run);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      return [done(lineId, { status: 'cancelled' }, null)];
    }
    // Not created yet: it has no id to be cancelled by. That comes, and then it goes.
    return run.responseId === null ? [] : [{ type: 'cancel', responseId: run.responseId }];
  }

  /** The upstream began a response. `uninvited` says that it was not to. */
  created(
    responseId: string,
    lineId: string | null,
    outOfBand: boolean | null,
  ): { readonly effects: SequencerEffect[]; readonly uninvited: boolean } {
    const run = this.#takeRequested(lineId, outOfBand);
    if (run === undefined) return this.#uninvited(responseId);
    run.responseId = responseId;
    this.#running.set(responseId, run);
    const effects: SequencerEffect[] = run.cancelled
      ? [{ type: 'cancel', responseId }]
      : [started(run.lineId!)];
    return { effects, uninvited: false };
  }

  /** The upstream is done with a response, however it went. */
  done(responseId: string, outcome: LineOutcome, usage: Usage | null): SequencerEffect[] {
    const run = this.#running.get(responseId);
    this.#running.delete(responseId);
    // Whatever it was, it no longer stands in anybody's way.
    if (run?.outOfBand !== true) this.#blocked = false;
    return [...this.#end(run, outcome, usage), ...this.#next()];
  }

  /** The upstream refused to begin a line's response; `null`: it does not say whose. */
  createFailed(lineId: string | null, code: string, error: CallError): SequencerEffect[] {
    const place = this.#requested.findIndex((run) =>
      lineId === null ? !run.outOfBand : run.lineId === lineId,
    );
    const [run] = place < 0 ? [] : this.#requested.splice(place, 1);
    if (run === undefined) return [];
    const inTheWay = code === 'conversation_already_has_active_response';
    if (inTheWay && !run.cancelled && run.attempts < attemptLimit) {
      this.#waiting.unshift(run);
      this.#blocked = ![...this.#running.values()].some((other) => !other.outOfBand);
      return [];
    }
    return [...this.#end(run, { status: 'failed', error }, null), ...this.#next()];
  }

  /**
   * There was nothing to cancel: the response is over, or will never be heard of again. `null`: the
   * upstream does not say which.
   */
  cancelFailed(responseId: string | null): SequencerEffect[] {
    const over = responseId ?? [...this.#running].find(([, run]) => run.cancelled)?.[0];
    return over !== undefined && this.#running.has(over)
      ? this.done(over, { status: 'cancelled' }, null)
      : [];
  }

  /** The line that a response's event belongs to; `live` unless it was cancelled. */
  lineOf(responseId: string): LiveLine | undefined {
    const run = this.#running.get(responseId);
    return run === undefined || run.lineId === null
      ? undefined
      : { lineId: run.lineId, live: !run.cancelled, outOfBand: run.outOfBand };
  }

  /** The connection is another one: what ran is over, what was not begun is asked for again. */
  moved(): SequencerEffect[] {
    const message = 'the connection had to be exchanged in the middle of an answer';
    const error = new CallError('backend_closed', message);
    const running = [...this.#running.values()];
    const requested = this.#requested.splice(0);
    const over = [...running, ...requested.filter((run) => run.cancelled)];
    const again = requested.filter((run) => !run.cancelled);
    this.#running.clear();
    this.#blocked = false;
    this.#waiting.unshift(...again.filter((run) => !run.outOfBand));
    return [
      ...over.flatMap((run) => this.#end(run, { status: 'failed', error }, null)),
      ...again.filter((run) => run.outOfBand).flatMap((run) => this.#create(run)),
      ...this.#next(),
    ];
  }

  /** Whether the line's response is waiting or running. */
  has(lineId: string): boolean {
    return this.#find(lineId) !== undefined;
  }

  #uninvited(responseId: string): {
    readonly effects: SequencerEffect[];
    readonly uninvited: boolean;
  } {
    const lineId = this.#options.ownLineId();
    this.#running.set(responseId, {
      lineId,
      outOfBand: false,
      create: null,
      responseId,
      cancelled: lineId === null,
      attempts: 0,
    });
    return lineId === null
      ? { effects: [{ type: 'cancel', responseId }], uninvited: true }
      : { effects: [started(lineId)], uninvited: false };
  }

  #takeRequested(lineId: string | null, outOfBand: boolean | null): Run | undefined {
    const place = this.#requested.findIndex((run) =>
      lineId === null
        ? !this.#options.echoesMetadata && (outOfBand === null || run.outOfBand === outOfBand)
        : run.lineId === lineId,
    );
    return place < 0 ? undefined : this.#requested.splice(place, 1)[0];
  }

  #next(): SequencerEffect[] {
    const busy =
      this.#blocked ||
      this.#requested.some((run) => !run.outOfBand) ||
      [...this.#running.values()].some((run) => !run.outOfBand);
    const run = busy ? undefined : this.#waiting.shift();
    return run === undefined ? [] : this.#create(run);
  }

  #create(run: Run): SequencerEffect[] {
    run.attempts += 1;
    this.#requested.push(run);
    return [{ type: 'create', lineId: run.lineId!, event: run.create! }];
  }

  /** Who asked for the end gets it, even if the upstream was faster: nothing more was passed on. */
  #end(run: Run | undefined, outcome: LineOutcome, usage: Usage | null): SequencerEffect[] {
    if (run === undefined || run.lineId === null) {
      // Nobody hears of it, and it costs the same.
      return usage === null ? [] : [{ type: 'emit', event: { type: 'usage', usage } }];
    }
    return [done(run.lineId, run.cancelled ? { status: 'cancelled' } : outcome, usage)];
  }

  #find(lineId: string): Run | undefined {
    const sought = (run: Run): boolean => run.lineId === lineId;
    return (
      this.#waiting.find(sought) ??
      this.#requested.find(sought) ??
      [...this.#running.values()].find(sought)
    );
  }
}

function started(lineId: string): SequencerEffect {
  return { type: 'emit', event: { type: 'line.started', lineId } };
}

function done(lineId: string, outcome: LineOutcome, usage: Usage | null): SequencerEffect {
  return { type: 'emit', event: { type: 'line.done', lineId, outcome, usage } };
}
