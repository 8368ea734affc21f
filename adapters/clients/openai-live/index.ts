import type { ClientRequest, MeetingClientPort } from '../../../src/ports/client.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { LiveConnection, type ConnectionOptions, type Sessions } from './connection.ts';
import type { LiveSession } from './session.ts';
import { joinSession } from './sideband.ts';

const path = '/v1/live/sessions';
const attachPath = /^\/v1\/live\/sessions\/([A-Za-z0-9_-]{1,160})\/attach$/u;
const forkPath = /^\/v1\/live\/sessions\/[A-Za-z0-9_-]{1,160}\/fork$/u;

interface Joinable {
  readonly session: LiveSession;
  readonly keyId: string | null;
}

/** OpenAI's Live API over WebSocket: primary sockets, and sidebands that join them. */
export function createOpenAiLiveClient(options: ConnectionOptions): MeetingClientPort {
  /** Sessions that may be joined, each with the key that it was begun under. */
  const running = new Map<string, Joinable>();
  const sessions: Sessions = {
    began: (session, keyId) => running.set(session.id, { session, keyId }),
    ended: ({ id }) => running.delete(id),
  };
  return {
    name: 'openai-live',
    path,

    serves: (other) => attachPath.test(other) || forkPath.test(other),

    credentials(request) {
      const value = request.headers['authorization'];
      const text = typeof value === 'string' ? value : '';
      const key = /^bearer\s+(\S+)\s*$/i.exec(text)?.[1];
      return key === undefined ? [] : [key];
    },

    subprotocol: () => null,
    refusal,

    meet(socket, opening, request) {
      const id = attachPath.exec(request.path)?.[1];
      if (id === undefined) {
        new LiveConnection(socket, opening, { ...options, sessions });
        return;
      }
      // It is no call of its own.
      opening.leave();
      const found = running.get(id);
      // Whoever has another key learns nothing, not even that the session exists.
      const session = found?.keyId === opening.keyId ? found.session : undefined;
      joinSession(socket, session, options);
    },
  };
}

function refusal(request: ClientRequest): CallError | null {
  if (forkPath.test(request.path)) {
    return new CallError('not_found', 'Sessions are not stored, so none can be forked.');
  }
  for (const [name, value] of request.query) {
    if (name === 'graceful_close' && request.path !== path && value === 'false') continue;
    const message = `The parameter '${name}' is not supported; what is wanted is said in events.`;
    return new CallError('invalid_value', message, { param: name });
  }
  return null;
}
