import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { TalkError } from './talk-error.ts';

/** An event as the server sent it; only its type has been looked at. */
export interface TalkEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What a call tells whoever holds it. */
export interface TalkSocketHandlers {
  /** The upgrade is done: the call's time zero. */
  opened(): void;
  event(event: TalkEvent): void;
  /** Called once, also after `close`. */
  closed(code: number, reason: string): void;
}

/** An open call. */
export interface TalkSocket {
  /** From the upgrade's answer; `null` when the server does not name its calls. */
  readonly callId: string | null;
  send(event: TalkEvent): void;
  close(): void;
}

export interface TalkAddress {
  readonly url: URL;
  readonly key: string | null;
  /** Accept a certificate that no known authority signed. */
  readonly insecure: boolean;
}

const openTimeoutMs = 10_000;
/** Most of a refusal's body that is shown, bytes. */
const bodyLimitBytes = 4_096;

/**
 * The Realtime endpoint meant by what somebody typed: `http` becomes `ws`, and a bare host gets
 * the path `/v1/realtime`. A query is kept.
 *
 * @throws TalkError when it is no such URL
 */
export function realtimeUrl(typed: string, agent: string | null): URL {
  let url: URL;
  try {
    url = new URL(typed);
  } catch {
    throw new TalkError(`"${typed}" is not a URL; give one like ws://127.0.0.1:8787`);
  }
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TalkError(`cannot call "${typed}": the scheme must be ws, wss, http or https`);
  }
  if (url.pathname === '/') url.pathname = '/v1/realtime';
  if (agent !== null) url.searchParams.set('model', agent);
  return url;
}

/**
 * Opens a call. Rejects with {@link TalkError}: the server cannot be reached, does not answer in
 * 10 s, or refuses, in which case its status and body are in the message.
 */
export async function openTalkSocket(
  { url, key, insecure }: TalkAddress,
  handlers: TalkSocketHandlers,
): Promise<TalkSocket> {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    rejectUnauthorized: !insecure,
    handshakeTimeout: openTimeoutMs,
    headers: key === null ? {} : { Authorization: `Bearer ${key}` },
  });
  const opened = Promise.withResolvers<undefined>();
  let callId: string | null = null;
  socket.on('upgrade', (response: IncomingMessage) => {
    const header = response.headers['parley-call-id'];
    callId = typeof header === 'string' ? header : null;
  });
  socket.on('open', () => {
    handlers.opened();
    opened.resolve(undefined);
  });
  socket.on('unexpected-response', (_request, response: IncomingMessage) => {
    void refusalOf(url, response).then((error) => {
      opened.reject(error);
      socket.terminate();
    });
  });
  socket.on('error', (error) => opened.reject(unreachable(url, error)));
  socket.on('close', (code, reason) => {
    opened.reject(new TalkError(`${url.host} closed the call before it was open (${code})`));
    handlers.closed(code, reason.toString('utf8'));
  });
  socket.on('message', (data: Buffer) => {
    const event = readEvent(data.toString('utf8'));
    if (event !== null) handlers.event(event);
  });
  await opened.promise;
  return {
    callId,
    send(event) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event));
    },
    close: () => socket.close(1000),
  };
}

/** `null` for what is no event: a server may send more than this client knows. */
function readEvent(message: string): TalkEvent | null {
  let event: unknown;
  try {
    event = JSON.parse(message);
  } catch {
    return null;
  }
  if (typeof event !== 'object' || event === null || !('type' in event)) return null;
  return typeof event.type === 'string' ? (event as TalkEvent) : null;
}

async function refusalOf(url: URL, response: IncomingMessage): Promise<TalkError> {
  let body = '';
  try {
    for await (const part of response) {
      body += String(part);
      if (body.length >= bodyLimitBytes) break;
    }
  } catch {
    // What came of the body so far is all there is to show.
  }
  const status = `${response.statusCode ?? 0} ${response.statusMessage ?? ''}`.trim();
  const shown = body.slice(0, bodyLimitBytes).trim();
  return new TalkError(
    `${url.host} refused the call: HTTP ${status}${shown === '' ? '' : `\n${shown}`}`,
  );
}

function unreachable(url: URL, error: Error): TalkError {
  // Where several addresses were tried the error has no message of its own.
  const reasons =
    error instanceof AggregateError
      ? error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ')
      : error.message;
  const hint = /self[- ]signed|unable to verify|CERT_/i.test(reasons)
    ? ' (--insecure accepts a certificate that nobody signed)'
    : '';
  return new TalkError(`cannot reach ${url.host}: ${reasons}${hint}`, { cause: error });
}
