import { asCallError, CallError } from '../../../../src/ports/errors.ts';
import type { SpeechToTextContext } from '../../../../src/ports/speech-to-text.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import { Connection, type Loss } from '../../../shared/connection.ts';
import type { WireRecorder } from '../../../shared/wire-record.ts';
import type { SttDialect, SttWire, WireEvent } from './dialect.ts';

export interface OpeningOptions {
  readonly dialect: SttDialect;
  readonly context: SpeechToTextContext;
  readonly secret: string | null;
  readonly recorder: WireRecorder | null;
  readonly clock: Clock;
  /** Longest time from connecting to being ready, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A connection that takes audio, and how to speak on it. */
export interface Opened {
  readonly connection: Connection;
  readonly wire: SttWire;
}

/** Why a connection could not be had. */
export interface Refusal {
  readonly error: CallError;
  /** Trying again could do better. */
  readonly retryable: boolean;
}

/** Close codes after which the same again would end the same way. */
const finalCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009]);

/** Whether another connection could do better. */
export function isRetryable({ closeCode, httpStatus, error }: Loss): boolean {
  if (httpStatus !== null) return httpStatus === 429 || httpStatus >= 500;
  if (closeCode !== null) return !finalCodes.has(closeCode);
  return error.code !== 'backend_protocol';
}

/** Why a connection ended, in the port's codes: too much to do is told apart. */
export function lossError({ error, closeCode, httpStatus }: Loss): CallError {
  const isBusy = closeCode === 1013 || httpStatus === 429 || httpStatus === 503;
  return isBusy ? new CallError('backend_overloaded', error.message) : error;
}

/**
 * Connects and waits until audio is taken.
 *
 * @param done called once, at once when it is decided; nothing is left open after a refusal
 */
export function openWire(options: OpeningOptions, done: (result: Opened | Refusal) => void): void {
  const { dialect, context, secret, recorder, clock, timeoutMs, signal } = options;
  const wire = dialect.wire(context, secret);
  let isOver = false;
  const settle = (result: Opened | Refusal): void => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
    if ('error' in result) connection.close();
    done(result);
  };
  const answer = (event: WireEvent): void => {
    if (event.type === 'reply') connection.send(event.text, 'control');
    else if (event.type === 'ready') settle({ connection, wire });
    else if (event.type === 'broken') settle(event);
  };
  const hear = (message: Buffer): void => {
    try {
      for (const event of wire.decode(message)) if (!isOver) answer(event);
    } catch (thrown) {
      settle({ error: asCallError(thrown, 'backend_protocol'), retryable: false });
    }
  };
  const connection = new Connection({
    ...dialect.request(context, secret),
    secret,
    recorder,
    clock,
    handlers: {
      open: () => {
        if (wire.readyWhenOpen) settle({ connection, wire });
      },
      message: hear,
      lost: (loss) => settle({ error: lossError(loss), retryable: isRetryable(loss) }),
    },
  });
  const onAbort = (): void =>
    settle({ error: asCallError(signal.reason, 'backend_refused'), retryable: false });
  const timer = clock.timerAt(clock.nowMs() + timeoutMs, () => {
    const message = `the upstream was not ready within ${timeoutMs} ms`;
    settle({ error: new CallError('backend_stalled', message), retryable: true });
  });
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
}
