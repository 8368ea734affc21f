import { CallError } from '../../../src/ports/errors.ts';
import type { Loss } from '../../shared/connection.ts';

/** An error as the upstream words it; already free of secrets. */
export interface UpstreamError {
  /** The upstream's own code, or its type where it gives no code. */
  readonly code: string;
  readonly message: string;
  /** Id of the client event that it is about; `null` where it does not say. */
  readonly eventId: string | null;
}

/** Codes by which the upstream says that it has too much to do. */
const overload = /server_full|rate_limit|overloaded|capacity|too_many/;

/** Close code of a server that has too much to do. */
const tryAgainLater = 1013;

/** What an error makes of the session or the answer that it ends. */
export function responseError({ code, message }: Omit<UpstreamError, 'eventId'>): CallError {
  const ours = overload.test(code) ? 'backend_overloaded' : 'backend_refused';
  return new CallError(ours, `the upstream said ${code}: ${message}`);
}

/** The error with which a session ends on this event; `null` where it goes on, as after most. */
export function fatalError(error: UpstreamError): CallError | null {
  return error.code === 'server_full' ? responseError(error) : null;
}

/** Why a session ended with its connection. */
export function lossError({ error, closeCode }: Loss): CallError {
  return closeCode === tryAgainLater ? new CallError('backend_overloaded', error.message) : error;
}
