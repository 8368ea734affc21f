import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type { BackendContext } from '../../../src/ports/backend.ts';
import { Connection } from '../../shared/connection.ts';
import type { WireRecorder } from '../../shared/wire-record.ts';
import { decode } from './decode.ts';
import type { Dialect } from './dialects.ts';
import { requestId } from './request-id.ts';
import { spelled } from './spelling.ts';
import { wireSession, type SessionFrame, type WireSession } from './session-settings.ts';

export interface OpeningOptions {
  readonly context: BackendContext;
  readonly dialect: Dialect;
  readonly frame: SessionFrame;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | null;
  readonly recorder: WireRecorder | null;
  /** Longest time from connecting to settings in force, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Connects, waits for `session.created`, sends the settings and waits until they are in force.
 *
 * @param take makes what goes on with the connection; called at once when the settings are in
 *   force, so that nothing the upstream says next is missed
 * @throws CallError with the upstream's code and reason; nothing is left open then
 */
export function openUpstream<T>(
  options: OpeningOptions,
  take: (connection: Connection, told: WireSession) => T,
): Promise<T> {
  const { context, dialect, frame, secret, signal, timeoutMs } = options;
  const { clock } = context;
  const told = wireSession(context.settings, frame);
  const opened = Promise.withResolvers<T>();
  const connection = new Connection({
    url: options.url,
    headers: options.headers,
    secret,
    recorder: options.recorder,
    clock,
    handlers: { message: (message) => hear(message), lost: ({ error }) => refuse(error) },
  });
  let stage: 'connecting' | 'configuring' = 'connecting';
  const timer = clock.timerAt(clock.nowMs() + timeoutMs, () => {
    const waited = stage === 'connecting' ? 'no session' : 'no settings in force';
    refuse(new CallError('backend_stalled', `the upstream gave ${waited} within ${timeoutMs} ms`));
  });
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
      const event = decode(message, { dialect, secret });
      if (event.type === 'error') {
        const { code, message: said } = event.error;
        throw new CallError('backend_refused', `the upstream said ${code}: ${said}`);
      }
      if (event.type === 'greeting' && stage === 'connecting') {
        if (!dialect.configurableOn.includes(event.name)) return;
        stage = 'configuring';
        const eventId = requestId('configure', '');
        const update = spelled(
          { type: 'session.update', event_id: eventId, session: told },
          dialect,
        );
        connection.send(JSON.stringify(update), 'control');
      } else if (event.type === 'session.updated' && stage === 'configuring') {
        settle();
        opened.resolve(take(connection, told));
      }
    } catch (thrown) {
      refuse(asCallError(thrown, 'backend_protocol'));
    }
  };
  if (signal.aborted) onAbort();
  return opened.promise;
}
