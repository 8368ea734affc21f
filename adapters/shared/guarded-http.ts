import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** A request that was not made, or not answered; `blocked`: its address may not be reached. */
export class HttpFault extends Error {
  readonly kind: 'blocked' | 'unreachable' | 'timeout' | 'aborted';

  constructor(kind: HttpFault['kind'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'HttpFault';
    this.kind = kind;
  }
}

/** Resolves a name to all of its addresses. */
export type ResolveName = (
  hostname: string,
  done: (error: Error | null, addresses: readonly LookupAddress[] | undefined) => void,
) => void;

export interface GuardedRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  /** Also addresses that are not of the public internet. */
  readonly allowPrivateAddresses: boolean;
  readonly signal: AbortSignal;
  /** The system's resolver where nothing else is given. */
  readonly resolve?: ResolveName | undefined;
  /** What counts as public; the registries' word for it where nothing else is given. */
  readonly isPublic?: ((address: string) => boolean) | undefined;
}

const systemResolve: ResolveName = (hostname, done) =>
  systemLookup(hostname, { all: true, order: 'verbatim' }, done);

/**
 * One HTTP request to an address that was looked at: the connection is made to the very address that
 * was checked, so a name that resolves to another one a moment later reaches nothing. Follows no
 * redirect. The response's body is the caller's to read or destroy.
 *
 * @throws HttpFault whose message names neither address nor header
 */
export function guardedRequest(options: GuardedRequest): Promise<IncomingMessage> {
  const { url, method, headers, body, allowPrivateAddresses, signal } = options;
  const { resolve = systemResolve, isPublic = isPublicAddress } = options;
  const allowed = (address: string): boolean => allowPrivateAddresses || isPublic(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return Promise.reject(new HttpFault('blocked', `${url.protocol} is not HTTP`));
  }
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(hostname) !== 0 && !allowed(hostname)) {
    return Promise.reject(blockedFault());
  }
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const { promise, resolve: answer, reject } = Promise.withResolvers<IncomingMessage>();
  const request = send(url, {
    method,
    headers: { ...headers, ...(body === null ? {} : lengthOf(body)) },
    // A connection that is kept could outlive the check of its address.
    agent: false,
    signal,
    lookup: checkedLookup(resolve, allowed),
  });
  request.once('response', answer);
  request.once('error', (error) => reject(asFault(error, signal)));
  request.end(body ?? undefined);
  return promise;
}

function checkedLookup(
  resolve: ResolveName,
  allowed: (address: string) => boolean,
): NonNullable<RequestOptions['lookup']> {
  return (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      const able = addresses ?? [];
      // One private address among several is enough: which one is used is not ours to say.
      const safe = able.every(({ address }) => allowed(address));
      const [first] = able;
      if (error !== null || first === undefined) {
        callback(error ?? new Error('no address'), []);
      } else if (!safe) {
        callback(blockedFault(), []);
      } else if (options.all === true) {
        callback(null, [...able]);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function lengthOf(body: string | Uint8Array): Record<string, string> {
  return { 'content-length': String(Buffer.byteLength(body)) };
}

function blockedFault(): HttpFault {
  return new HttpFault('blocked', 'its address is not a public one');
}

/** Faults in words without addresses, which Node's own messages hold. */
function asFault(error: unknown, signal: AbortSignal): HttpFault {
  if (error instanceof HttpFault) return error;
  if (signal.aborted) return new HttpFault('aborted', 'the request was given up', error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  return new HttpFault('unreachable', `its server cannot be reached (${code})`, error);
}
