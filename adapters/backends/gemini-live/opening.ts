import type { WireSetup } from '../../../protocol/gemini-live/client-messages.ts';
import { asCallError, CallError } from '../../../src/ports/errors.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { Connection, type Loss } from '../../shared/connection.ts';
import type { WireRecorder } from '../../shared/wire-record.ts';
import type { Address } from './address.ts';
import { decode, type UpstreamEvent } from './decode.ts';

export interface OpeningOptions {
  readonly address: Address;
  /** The key, so that it is cut out of what the upstream says. */
  readonly secret: string | null;
  readonly recorder: WireRecorder | null;
  readonly setup: WireSetup;
  readonly clock: Clock;
  /** Longest time from connecting to `setupComplete`, ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A connection whose setup is in force, or why there is none; then nothing is left open. */
export type Opening =
  | {
      readonly ok: true;
      readonly connection: Connection;
      /** What came together with `setupComplete`. */
      readonly events: readonly UpstreamEvent[];
    }
  | { readonly ok: false; readonly loss: Loss };

/**
 * Connects, sends the setup and waits until it is in force.
 *
 * @param take is given the outcome at once, so that nothing the upstream says next is missed
 */
export function openConnection(options: OpeningOptions, take: (opening: Opening) => void): void {
  const { address, secret, recorder, setup, clock, timeoutMs, signal } = options;
  let settled = false;
  const connection = new Connection({
    ...address,
    secret,
    recorder,
    clock,
    handlers: {
      open: () => connection.send(JSON.stringify({ setup }), 'control'),
      message: (message) => hear(message),
      lost: (loss) => refuse(loss),
    },
  });
  const timer = clock.timerAt(clock.nowMs() + timeoutMs, () => {
    const message = `the upstream gave no session within ${timeoutMs} ms`;
    refuse(plain(new CallError('backend_stalled', message)));
  });
  const onAbort = (): void => refuse(plain(asCallError(signal.reason, 'backend_refused')));
  signal.addEventListener('abort', onAbort, { once: true });

  const settle = (opening: Opening): void => {
    if (settled) return;
    settled = true;
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
    take(opening);
  };
  const refuse = (loss: Loss): void => {
    connection.close();
    settle({ ok: false, loss });
  };
  const hear = (message: Buffer): void => {
    try {
      const events = decode(message, secret);
      if (events.some(({ type }) => type === 'setup.complete')) {
        settle({ ok: true, connection, events });
      }
    } catch (thrown) {
      refuse(plain(asCallError(thrown, 'backend_protocol')));
    }
  };
  if (signal.aborted) onAbort();
}

function plain(error: CallError): Loss {
  return { error, closeCode: null, httpStatus: null };
}
