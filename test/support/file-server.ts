import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the next requests get instead of the plain file; once each, in order. */
export type ServerFault =
  | { readonly kind: 'plain' }
  | { readonly kind: 'status'; readonly status: number }
  /** The connection is cut after this many bytes of the answer, and when the promise resolves. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly when: Promise<unknown> }
  /** The answer says nothing of a length and is over after this many bytes. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** The answer stands still after this many bytes. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** The whole file, whatever range was asked for. */
  | { readonly kind: 'no-range' }
  /** Another part of the file than was asked for. */
  | { readonly kind: 'wrong-range' };

export interface FileServer {
  readonly url: string;
  /** Path and range of every request. */
  readonly requests: string[];
  readonly faults: ServerFault[];
  close(): Promise<void>;
}

/** Serves files from memory on loopback, with ranges. */
export async function serveFiles(files: Readonly<Record<string, Uint8Array>>): Promise<FileServer> {
  const requests: string[] = [];
  const faults: ServerFault[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.url ?? ''} ${request.headers.range ?? 'whole'}`);
    const bytes = files[request.url ?? ''];
    if (bytes === undefined) response.writeHead(404).end('no such file');
    else answer(request, response, bytes, faults.shift() ?? { kind: 'plain' });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(
  { headers }: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  fault: ServerFault,
): void {
  if (fault.kind === 'status') {
    response.writeHead(fault.status).end();
    return;
  }
  const asked = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const from = fault.kind === 'no-range' ? 0 : asked;
  if (from >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const stated = fault.kind === 'wrong-range' ? from + 1 : from;
  response.writeHead(from > 0 ? 206 : 200, {
    ...(from > 0 ? { 'content-range': `bytes ${stated}-${bytes.length - 1}/${bytes.length}` } : {}),
    ...(fault.kind === 'short' ? {} : { 'content-length': bytes.length - from }),
  });
  const rest = bytes.subarray(from);
  switch (fault.kind) {
    case 'cut':
      response.write(rest.subarray(0, fault.afterBytes));
      void fault.when.then(() => response.destroy());
      break;
    case 'stall':
      response.write(rest.subarray(0, fault.afterBytes));
      break;
    case 'short':
      response.end(rest.subarray(0, fault.bytes));
      break;
    case 'plain':
    case 'no-range':
    case 'wrong-range':
      response.end(rest);
      break;
  }
}
