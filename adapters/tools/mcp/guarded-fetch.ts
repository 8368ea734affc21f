import { Readable } from 'node:stream';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { ToolHeaders } from '../../../src/ports/tool.ts';
import { guardedRequest, type ResolveName } from '../../shared/guarded-http.ts';
import { resolveHeaders } from '../../shared/tool-headers.ts';

/** Longest answer to one request, bytes. */
const answerLimitBytes = 8 * 1024 * 1024;

export interface GuardedFetchOptions {
  readonly server: ToolHeaders & { readonly allowPrivateAddresses: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly resolve?: ResolveName | undefined;
}

/** A `fetch` that reaches public addresses only, adds the server's credentials and follows nothing. */
export function guardedFetch({ server, env, resolve }: GuardedFetchOptions): FetchLike {
  return async (address, init = {}) => {
    const { headers: own } = resolveHeaders(server, env);
    const method = init.method ?? 'GET';
    const response = await guardedRequest({
      url: new URL(address),
      method,
      headers: { ...Object.fromEntries(new Headers(init.headers)), ...own },
      body: typeof init.body === 'string' ? init.body : null,
      allowPrivateAddresses: server.allowPrivateAddresses,
      signal: init.signal ?? new AbortController().signal,
      resolve,
    });
    const status = response.statusCode ?? 502;
    const headers = new Headers();
    for (const [name, value] of Object.entries(response.headers)) {
      for (const each of Array.isArray(value) ? value : [value ?? '']) headers.append(name, each);
    }
    if (status === 204 || status === 205 || status === 304) {
      response.resume();
      return new Response(null, { status, headers });
    }
    // A stream of events that was asked for goes on for as long as the server lives.
    const body = method === 'GET' ? response : limited(response);
    return new Response(Readable.toWeb(body), { status, headers });
  };
}

function limited(body: Readable): Readable {
  return Readable.from(pieces(body), { objectMode: false });
}

async function* pieces(body: Readable): AsyncGenerator<Uint8Array, void> {
  let bytes = 0;
  for await (const piece of body) {
    const chunk = piece as Uint8Array;
    bytes += chunk.byteLength;
    if (bytes > answerLimitBytes) throw new RangeError('the answer is too long');
    yield chunk;
  }
}
