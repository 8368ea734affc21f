import type { WireSetup } from '../../../protocol/gemini-live/client-messages.ts';
import { asCallError, type CallError } from '../../../src/ports/errors.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import type { Connection, Loss } from '../../shared/connection.ts';
import {
  firstOpening,
  rolloverStep,
  type RolloverInput,
  type RolloverOptions,
  type RolloverState,
} from '../../shared/rollover.ts';
import type { WireRecorder } from '../../shared/wire-record.ts';
import type { Address } from './address.ts';
import type { Counters } from './counters.ts';
import { decode, type UpstreamEvent } from './decode.ts';
import { openConnection, type Opening } from './opening.ts';

/** What a connection begins with. */
export interface NextSetup {
  readonly setup: WireSetup;
  /** Of the session that it takes up; `null`: it begins a new one. */
  readonly handle: string | null;
}

/** What the upstream tells a session, over all connections. */
export interface UpstreamHandlers {
  event(event: UpstreamEvent): void;
  /** The connection is left or lost: nothing more comes of it. */
  left(error: CallError): void;
  /** What the next connection is set up with. */
  nextSetup(): NextSetup;
  /** The upstream did not take the handle. */
  handleRefused(): void;
  /** The next connection is there. */
  connected(resumed: boolean): void;
  /** There will be no connection any more. */
  failed(error: CallError): void;
}

export interface UpstreamOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly secret: string | null;
  readonly recorder: WireRecorder | null;
  readonly address: Address;
  readonly connectTimeoutMs: number;
  readonly connectionLimitMs: number;
  readonly handlers: UpstreamHandlers;
  /** From [0, 1), for the time between attempts. */
  readonly chance: () => number;
}

/** So long before its limit a connection begins to be exchanged, ms: as the vendor's notice. */
const leadMs = 60_000;
/** A notice or limit is kept to with this much room, ms. */
const marginMs = 500;

/** Close codes after which the same again would end the same way. */
const finalCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009]);
/** Close codes by which a handle is refused. */
const handleCodes: ReadonlySet<number> = new Set([1007, 1008]);

/**
 * One session's way to the upstream, whichever connection that is just now. The old connection is
 * closed before the next is opened: the upstream refuses two of one session.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #rollover: RolloverOptions;
  readonly #closing = new AbortController();
  #state: RolloverState = firstOpening;
  #connection: Connection | null;
  #lastLoss: CallError | null = null;
  #timer: Timer | null = null;
  #closed = false;

  constructor(connection: Connection, options: UpstreamOptions) {
    this.#options = options;
    this.#connection = connection;
    const capMs = options.connectionLimitMs;
    this.#rollover = {
      capMs,
      leadMs: Math.min(leadMs, capMs / 5),
      marginMs,
      attempts: 3,
      againAfterMs: { first: 250, most: 2000 },
    };
    this.#listen(connection);
    this.tell({ type: 'connected' });
  }

  /** Whether anything can be sent. */
  get connected(): boolean {
    return this.#connection?.isOpen ?? false;
  }

  /** When the connection has to be left at the latest; `null` while nothing presses. */
  get pressedAtMs(): number | null {
    return this.#state.kind === 'due' ? this.#state.latestAtMs : null;
  }

  /** Another connection is looked for, as soon as it is quiet. */
  get isDue(): boolean {
    return this.#state.kind === 'due';
  }

  /** @returns whether it was taken; see `Connection.send` */
  send(text: string, kind: 'audio' | 'control'): boolean {
    return this.#connection?.send(text, kind) ?? false;
  }

  tell(input: RolloverInput): void {
    if (this.#closed) return;
    const { clock, handlers } = this.#options;
    const step = rolloverStep(this.#state, input, clock.nowMs(), this.#rollover);
    this.#state = step.state;
    this.#wakeAt(step.wakeAtMs);
    for (const effect of step.effects) {
      switch (effect) {
        case 'open':
          void this.#open();
          break;
        case 'give_up':
          handlers.failed(this.#lastLoss ?? asCallError(null, 'backend_closed'));
      }
    }
  }

  /** Idempotent; nothing is told afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#closing.abort();
    this.#connection?.close();
    this.#connection = null;
  }

  #listen(connection: Connection): void {
    connection.handlers = {
      message: (message) => this.#take(message),
      lost: (loss) => this.#lost(loss),
    };
  }

  #take(message: Buffer): void {
    const { handlers, secret } = this.#options;
    let events: readonly UpstreamEvent[];
    try {
      events = decode(message, secret);
    } catch (thrown) {
      handlers.failed(asCallError(thrown, 'backend_protocol'));
      return;
    }
    for (const event of events) {
      if (!this.#isClosed()) handlers.event(event);
    }
  }

  #lost(loss: Loss): void {
    const { counters, handlers, log, chance } = this.#options;
    this.#connection = null;
    this.#lastLoss = loss.error;
    // The announced end is none that would come again, whatever its code.
    const retryable = this.#state.kind === 'due' || isRetryable(loss);
    counters.connectionsLost += 1;
    log.info('upstream.lost', { closeCode: loss.closeCode, retryable });
    handlers.left(loss.error);
    this.tell({ type: 'lost', retryable, chance: chance() });
  }

  async #open(): Promise<void> {
    const { address, clock, connectTimeoutMs, handlers, recorder, secret } = this.#options;
    const old = this.#connection;
    if (old !== null) {
      this.#connection = null;
      handlers.left(asCallError(new Error('the connection was exchanged'), 'backend_closed'));
      old.close();
      await old.gone;
    }
    if (this.#isClosed()) return;
    const { setup, handle } = handlers.nextSetup();
    const { signal } = this.#closing;
    const timeoutMs = connectTimeoutMs;
    const opener = { address, secret, recorder, setup, clock, timeoutMs, signal };
    openConnection(opener, (opening) => {
      if (!this.#isClosed()) this.#opened(opening, handle);
      else if (opening.ok) opening.connection.close();
    });
  }

  #opened(opening: Opening, handle: string | null): void {
    const { counters, handlers, chance } = this.#options;
    if (opening.ok) {
      if (handle === null) counters.reseedings += 1;
      else counters.resumptions += 1;
      this.#connection = opening.connection;
      this.#listen(opening.connection);
      this.tell({ type: 'connected' });
      handlers.connected(handle !== null);
      for (const event of opening.events) {
        if (!this.#isClosed()) handlers.event(event);
      }
      return;
    }
    const { loss } = opening;
    const isHandle = handle !== null && handleCodes.has(loss.closeCode ?? 0);
    if (isHandle) handlers.handleRefused();
    this.#lastLoss = loss.error;
    this.tell({ type: 'refused', retryable: isHandle || isRetryable(loss), chance: chance() });
  }

  #wakeAt(atMs: number | null): void {
    this.#timer?.cancel();
    this.#timer =
      atMs === null ? null : this.#options.clock.timerAt(atMs, () => this.tell({ type: 'tick' }));
  }

  /** A method, because a handler may close what the compiler believes open. */
  #isClosed(): boolean {
    return this.#closed;
  }
}

/** Whether another connection could do better. */
function isRetryable({ closeCode, httpStatus, error }: Loss): boolean {
  if (httpStatus !== null) return httpStatus === 429 || httpStatus >= 500;
  if (closeCode !== null) return !finalCodes.has(closeCode);
  return error.code !== 'backend_protocol';
}
