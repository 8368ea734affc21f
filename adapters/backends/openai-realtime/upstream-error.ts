import { CallError, type ErrorCode } from '../../../src/ports/errors.ts';

/** An error as the upstream words it; already free of secrets. */
export interface UpstreamError {
  /** The upstream's own code, or its type where it gives no code. */
  readonly code: string;
  readonly message: string;
  /** Id of the client event that it is about. */
  readonly eventId: string | null;
}

/** Errors that end the session, though the upstream may leave the socket open for a while. */
const fatal: Readonly<Record<string, ErrorCode>> = {
  session_expired: 'backend_closed',
  beta_api_shape_disabled: 'backend_refused',
  invalid_api_key: 'backend_refused',
  insufficient_quota: 'backend_refused',
  model_not_found: 'backend_refused',
};

/** The error with which a session ends on this event; `null` where it goes on. */
export function fatalError({ code, message }: UpstreamError): CallError | null {
  const ours = Object.hasOwn(fatal, code) ? fatal[code] : undefined;
  return ours === undefined ? null : new CallError(ours, `the upstream said ${code}: ${message}`);
}

/** Codes by which an upstream says that it has too much to do. */
const overload = /rate_limit|overloaded|capacity|too_many/;

/** Why a response came to nothing. */
export function responseError({ code, message }: Omit<UpstreamError, 'eventId'>): CallError {
  const ours = overload.test(code) ? 'backend_overloaded' : 'backend_refused';
  return new CallError(ours, `the upstream said ${code}: ${message}`);
}
