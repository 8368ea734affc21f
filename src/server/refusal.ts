import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { CallError } from '../ports/errors.ts';

/** The body of every HTTP answer that says no, in the shape OpenAI's clients read. */
interface RefusalBody {
  readonly error: {
    readonly message: string;
    readonly type: 'invalid_request_error' | 'rate_limit_error' | 'server_error';
    readonly code: string;
    readonly param: string | null;
  };
  /** Agents that may be asked for, where the question was about one. */
  readonly agents?: readonly string[];
}

/** A no, with the headers that belong to it. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RefusalBody;
}

/** Seconds after which it is worth asking again. */
const retryAfterSeconds = 5;

/** Makes an HTTP answer of an error. */
export function refusalOf(error: CallError, agents?: readonly string[]): Refusal {
  const status = error.httpStatus;
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (status === 429 || status === 503) {
    headers['retry-after'] = String(error.retryAfterS ?? retryAfterSeconds);
  }
  const { message, code, param } = error;
  return {
    status,
    headers,
    body: {
      error: { message, type: typeOf(status), code, param: param ?? null },
      ...(agents === undefined ? {} : { agents }),
    },
  };
}

/** Writes a refusal to a raw socket that asked for an upgrade, and lets the socket go. */
export function writeRefusal(socket: Duplex, { status, headers, body }: Refusal): void {
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}

function typeOf(status: number): RefusalBody['error']['type'] {
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
