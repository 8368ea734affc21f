import type {
  BackendCapabilities,
  BackendContext,
  BackendPort,
  BackendSession,
} from '../../src/ports/backend.ts';
import { asCallError, CallError } from '../../src/ports/errors.ts';
import { readApiKey, type ApiKeyReference } from './api-key.ts';
import type { HostedSurroundings } from './surroundings.ts';

/** What a session with a hosted backend is opened with, besides the call's context. */
export interface HostedOpening {
  /** The key as it is now; `null` where none is configured. */
  readonly secret: string | null;
  /** Aborts when opening is given up. */
  readonly signal: AbortSignal;
  /** Aborts when the backend is closed. */
  readonly closed: AbortSignal;
  /** Sessions that are closed with the backend. */
  readonly sessions: Pick<Set<BackendSession>, 'add' | 'delete'>;
}

export interface HostedPortOptions {
  readonly name: string;
  readonly type: string;
  readonly capabilities: BackendCapabilities;
  readonly key: ApiKeyReference;
  readonly surroundings: HostedSurroundings;
  readonly counters: { opensRefused: number };
  readonly open: (context: BackendContext, opening: HostedOpening) => Promise<BackendSession>;
}

/** What every hosted backend does alike: its key, refusals that count, sessions that end with it. */
export function hostedPort(options: HostedPortOptions): BackendPort {
  const { name, type, capabilities, key, counters } = options;
  const { recorder = null, ...secrets } = options.surroundings;
  const sessions = new Set<BackendSession>();
  const closing = new AbortController();
  return {
    name,
    type,
    capabilities,
    prepare: async (signal) => {
      throwIfAborted(signal);
      await readApiKey(key, secrets);
    },
    open: async (context, signal) => {
      try {
        throwIfAborted(signal);
        const secret = await readApiKey(key, secrets);
        throwIfAborted(signal);
        return await options.open(context, { secret, signal, closed: closing.signal, sessions });
      } catch (thrown) {
        counters.opensRefused += 1;
        throw asCallError(thrown, 'backend_refused');
      }
    },
    figures: () => ({ ...counters, ...recorder?.figures() }),
    close: () => {
      closing.abort(new CallError('backend_closed', 'the backend is being closed'));
      for (const session of [...sessions]) session.close();
      return Promise.resolve();
    },
  };
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new CallError('backend_refused', 'opening was given up', { cause: signal.reason });
}
