import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { Connection } from '../../shared/connection.ts';
import type { WireRecorder } from '../../shared/wire-record.ts';
import type { Counters } from './counters.ts';
import { decode } from './decode.ts';
import { lossError, responseError } from './upstream-error.ts';

export interface OpeningOptions {
  readonly url: string;
  readonly secret: string | null;
  readonly recorder: WireRecorder | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  /** Longest time from connecting to a session, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Connects and waits for `session.created`.
 *
 * @param take makes what goes on with the connection; called at once, so that nothing the upstream
 *   says next is missed
 * @throws CallError with the upstream's code and reason; nothing is left open then
 */
export function openUpstream<T>(
  { url, secret, recorder, clock, log, counters, timeoutMs, signal }: OpeningOptions,
  take: (connection: Connection) => T,
): Promise<T> {
  const opened = Promise.withResolvers<T>();
  const connection = new Connection({
    url,
    headers: {},
    secret,
    recorder,
    clock,
    handlers: { message: (message) => hear(message), lost: (loss) => refuse(lossError(loss)) },
  });
  const timer = clock.timerAt(clock.nowMs() + timeoutMs, () =>
    refuse(new CallError('backend_stalled', `the upstream gave no session within ${timeoutMs} ms`)),
  );
  const onAbort = (): void => refuse(asCallError(signal.reason, 'backend_refused'));
  signal.addEventListener('abort', onAbort, { once: true });

  const settle = (): void => {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  };
  const refuse = (error: CallError): void => {
    settle();
    connection.close();
    opened.reject(error);
  };
  const hear = (message: Buffer): void => {
    try {
      const event = decode(message, secret);
      if (event.type === 'error') throw responseError(event.error);
      if (event.type === 'warning') {
        counters.warnings += 1;
        log.warn('upstream.warning', { code: event.code });
      } else if (event.type === 'session.created') {
        settle();
        opened.resolve(take(connection));
      }
    } catch (thrown) {
      refuse(asCallError(thrown, 'backend_protocol'));
    }
  };
  if (signal.aborted) onAbort();
  return opened.promise;
}
