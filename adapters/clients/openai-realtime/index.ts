import type { ClientPort, ClientRequest } from '../../../src/ports/client.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { Socket } from '../../../src/ports/socket.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import { RealtimeConnection } from './connection.ts';
import { errorEvent } from './errors.ts';

const keySubprotocol = 'openai-insecure-api-key.';
const betaSubprotocol = 'openai-beta.realtime-v1';
const subprotocolName = 'realtime';

export interface OpenAiRealtimeClientOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/** The OpenAI Realtime API, GA dialect, over WebSocket. */
export function createOpenAiRealtimeClient(options: OpenAiRealtimeClientOptions): ClientPort {
  return {
    name: 'openai-realtime',
    path: '/v1/realtime',

    credentials(request) {
      const bearer = headerValues(request, 'authorization').flatMap(
        (value) => /^bearer\s+(\S+)\s*$/i.exec(value)?.[1] ?? [],
      );
      const inSubprotocols = request.subprotocols
        .filter((entry) => entry.startsWith(keySubprotocol))
        .map((entry) => entry.slice(keySubprotocol.length));
      return [...bearer, ...headerValues(request, 'api-key'), ...inSubprotocols].filter(
        (key) => key !== '',
      );
    },

    agent(request) {
      const model = request.query.get('model')?.trim() ?? '';
      return model === '' ? null : model;
    },

    subprotocol: (request) =>
      request.subprotocols.includes(subprotocolName) ? subprotocolName : null,

    refusal(request) {
      if (request.query.has('call_id')) {
        return new CallError(
          'unsupported_by_backend',
          'Joining a running call by call_id is not supported.',
          { param: 'call_id' },
        );
      }
      if (request.query.has('intent')) {
        return new CallError(
          'unsupported_by_backend',
          'Sessions with an intent (transcription) are not supported; name an agent with model.',
          { param: 'intent' },
        );
      }
      return null;
    },

    serve(socket, call, request) {
      if (isBeta(request)) {
        call.close(refuseBeta(socket, options.ids));
        return;
      }
      new RealtimeConnection({ ...options, socket, call }).start();
    },
  } satisfies ClientPort;
}

/** Clients of the beta dialect expect their refusal on the open socket. */
function refuseBeta(
  socket: Socket,
  ids: IdSource,
): { kind: 'error'; code: 'beta_api_shape_disabled'; message: string } {
  const code = 'beta_api_shape_disabled';
  const message = 'The beta dialect of the Realtime API is not spoken here; use the GA dialect.';
  const ignore = (): void => undefined;
  socket.listen({ text: ignore, binary: ignore, pong: ignore, closed: ignore });
  const event = { ...errorEvent({ code, message }, null), event_id: ids.next('event') };
  socket.sendText(JSON.stringify(event));
  socket.close(4000, code);
  return { kind: 'error', code, message };
}

function isBeta(request: ClientRequest): boolean {
  return (
    request.subprotocols.includes(betaSubprotocol) ||
    headerValues(request, 'openai-beta').some((value) => /(^|[\s,;])realtime=v1\b/.test(value))
  );
}

function headerValues(request: ClientRequest, name: string): readonly string[] {
  const value = request.headers[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
