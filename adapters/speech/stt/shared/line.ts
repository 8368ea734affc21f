import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type { Logger } from '../../../../src/ports/log.ts';
import type { Clock, Timer } from '../../../../src/time/clock.ts';
import type { Connection, Loss } from '../../../shared/connection.ts';
import {
  firstOpening,
  rolloverStep,
  type RolloverInput,
  type RolloverOptions,
  type RolloverState,
} from '../../../shared/rollover.ts';
import type { SttCounters } from './counters.ts';
import type { SttWire, WireEvent } from './dialect.ts';
import { isRetryable, lossError, type Opened, type Refusal } from './opening.ts';

export interface LineHandlers {
  event(event: WireEvent): void;
  /** The connection is gone: nothing more comes of it. */
  left(): void;
  /** The next connection is there. */
  connected(): void;
  /** There will be none any more. */
  failed(error: CallError): void;
}

export interface LineOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: SttCounters;
  readonly rollover: RolloverOptions;
  readonly connect: (signal: AbortSignal, done: (result: Opened | Refusal) => void) => void;
  /** From [0, 1), for the time between attempts. */
  readonly chance: () => number;
  readonly handlers: LineHandlers;
}

/**
 * One session's way to its recogniser, whichever connection that is just now. The next connection is
 * opened while the old one still listens, which is left when the next is ready.
 */
export class Line {
  readonly #options: LineOptions;
  readonly #closing = new AbortController();
  #state: RolloverState = firstOpening;
  #connection: Connection | null = null;
  #wire: SttWire;
  #lastLoss: CallError | null = null;
  #timer: Timer | null = null;
  #closed = false;

  constructor({ connection, wire }: Opened, options: LineOptions) {
    this.#options = options;
    this.#wire = wire;
    this.#attend({ connection, wire });
    this.#tell({ type: 'connected' });
  }

  /** Audio can be sent. */
  get connected(): boolean {
    return this.#connection !== null;
  }

  /** How the connection is spoken to; of the last one while there is none. */
  get wire(): SttWire {
    return this.#wire;
  }

  /** @returns whether it was taken; a text that is not taken breaks the connection */
  send(text: string): boolean {
    const connection = this.#connection;
    if (connection === null) return false;
    if (connection.send(text, 'control')) return true;
    this.#break(new CallError('backend_stalled', 'the upstream does not read'), true);
    return false;
  }

  sendAudio(bytes: Uint8Array): boolean {
    const text = this.#wire.audioText(bytes);
    if (text === null) return this.#connection?.sendBinary(bytes) ?? false;
    return this.#connection?.send(text, 'audio') ?? false;
  }

  /** Whether leaving the connection now would cut nothing. */
  quiet(quiet: boolean): void {
    const state = this.#state;
    const isNews = (state.kind === 'steady' || state.kind === 'due') && state.quiet !== quiet;
    if (isNews) this.#tell({ type: 'quiet', quiet });
  }

  /** Something came of the connection. */
  progress(): void {
    this.#tell({ type: 'progress' });
  }

  /** Nothing comes of this connection: another one may do better. */
  abandon(error: CallError): void {
    if (!this.#closed && this.#connection !== null) this.#break(error, true);
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

  #attend({ connection, wire }: Opened): void {
    this.#connection = connection;
    this.#wire = wire;
    connection.handlers = {
      message: (message) => this.#take(message),
      lost: (loss) => this.#lost(loss),
    };
  }

  #take(message: Buffer): void {
    const { handlers } = this.#options;
    let events: readonly WireEvent[];
    try {
      events = this.#wire.decode(message);
    } catch (thrown) {
      handlers.failed(asCallError(thrown, 'backend_protocol'));
      return;
    }
    for (const event of events) {
      if (this.#isClosed()) return;
      if (event.type === 'reply') this.send(event.text);
      else if (event.type === 'broken') {
        this.#break(event.error, event.retryable);
        return;
      } else handlers.event(event);
    }
  }

  #lost(loss: Loss): void {
    const { log } = this.#options;
    const retryable = isRetryable(loss);
    log.info('upstream.lost', { closeCode: loss.closeCode, retryable });
    this.#gone(lossError(loss), retryable);
  }

  #break(error: CallError, retryable: boolean): void {
    this.#options.log.info('upstream.broken', { code: error.code, retryable });
    this.#connection?.close();
    this.#gone(error, retryable);
  }

  #gone(error: CallError, retryable: boolean): void {
    const { counters, handlers, chance } = this.#options;
    this.#connection = null;
    this.#lastLoss = error;
    counters.connectionsLost += 1;
    handlers.left();
    this.#tell({ type: 'lost', retryable, chance: chance() });
  }

  #tell(input: RolloverInput): void {
    if (this.#closed) return;
    const { clock, handlers, rollover } = this.#options;
    const step = rolloverStep(this.#state, input, clock.nowMs(), rollover);
    this.#state = step.state;
    this.#timer?.cancel();
    const { wakeAtMs } = step;
    this.#timer =
      wakeAtMs === null ? null : clock.timerAt(wakeAtMs, () => this.#tell({ type: 'tick' }));
    for (const effect of step.effects) {
      if (effect === 'open') this.#open();
      else handlers.failed(this.#lastLoss ?? new CallError('backend_closed', 'no connection'));
    }
  }

  #open(): void {
    const { connect } = this.#options;
    connect(this.#closing.signal, (result) => {
      if (this.#isClosed()) {
        if (!('error' in result)) result.connection.close();
      } else if ('error' in result) this.#refused(result);
      else this.#exchange(result);
    });
  }

  #refused({ error, retryable }: Refusal): void {
    this.#lastLoss = error;
    this.#tell({ type: 'refused', retryable, chance: this.#options.chance() });
  }

  #exchange(opened: Opened): void {
    const { counters, handlers } = this.#options;
    this.#connection?.close();
    this.#attend(opened);
    counters.connectionsExchanged += 1;
    this.#tell({ type: 'connected' });
    handlers.connected();
  }

  /** A method, because a handler may close what the compiler believes open. */
  #isClosed(): boolean {
    return this.#closed;
  }
}
