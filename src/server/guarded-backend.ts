import type {
  BackendCapabilities,
  BackendContext,
  BackendPort,
  BackendSession,
} from '../ports/backend.ts';
import { asCallError, CallError } from '../ports/errors.ts';
import type { Logger } from '../ports/log.ts';
import type { Clock } from '../time/clock.ts';
import type { Readiness } from './readiness.ts';

/** Shortest time from the end of an attempt to prepare to the next one, ms. */
const retryMs = 5_000;

export interface GuardedBackendOptions {
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends attempts to prepare that calls have caused; a call's own end does not. */
  readonly signal: AbortSignal;
}

/**
 * A backend as calls see it: what could not be prepared is tried again by the calls that want it,
 * and refuses them as long as that fails. They are not told why: the reason may name a path or a
 * secret's variable, and is for the log, `/readyz` and `/api/backends`.
 */
export function guardedBackend(backend: BackendPort, options: GuardedBackendOptions): BackendPort {
  const { readiness, clock, log, signal: stop } = options;
  const { name } = backend;
  let triedAtMs = -Infinity;
  let retrying: Promise<void> | null = null;

  const prepare = async (signal: AbortSignal): Promise<void> => {
    try {
      await backend.prepare(signal);
    } finally {
      triedAtMs = clock.nowMs();
    }
  };
  const retry = async (): Promise<void> => {
    await readiness.track('backend', name, () => prepare(stop));
    retrying = null;
    const failure = readiness.failure('backend', name);
    if (failure === null) log.info('backend.prepared', { backend: name });
    else log.warn('backend.not_prepared', { backend: name, reason: failure.message });
  };
  return {
    name,
    type: backend.type,
    get capabilities(): BackendCapabilities {
      return backend.capabilities;
    },
    prepare,
    async open(context: BackendContext, signal: AbortSignal): Promise<BackendSession> {
      if (readiness.of('backend', name) === 'failed') {
        if (retrying === null && clock.nowMs() - triedAtMs >= retryMs) retrying = retry();
        await retrying;
        const failure = readiness.failure('backend', name);
        if (failure !== null) {
          const message = `The backend ${name} could not be prepared.`;
          throw new CallError('backend_refused', message, { cause: failure });
        }
        if (signal.aborted) throw asCallError(signal.reason, 'backend_refused');
      }
      return await backend.open(context, signal);
    },
    figures: () => backend.figures(),
    close: () => backend.close(),
  };
}
