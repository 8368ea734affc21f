import type {
  BackendCapabilities,
  BackendContext,
  BackendPort,
  BackendSession,
} from '../ports/backend.ts';
import { CallError } from '../ports/errors.ts';
import type { Readiness } from './readiness.ts';

/**
 * A backend as calls see it: what could not be prepared refuses its calls with the reason, instead
 * of failing in whatever way an unprepared one would.
 */
export function guardedBackend(backend: BackendPort, readiness: Readiness): BackendPort {
  return {
    name: backend.name,
    type: backend.type,
    get capabilities(): BackendCapabilities {
      return backend.capabilities;
    },
    prepare: (signal) => backend.prepare(signal),
    async open(context: BackendContext, signal: AbortSignal): Promise<BackendSession> {
      const failure = readiness.failure('backend', backend.name);
      if (failure !== null) {
        const message = `The backend ${backend.name} could not be prepared: ${failure.message}`;
        throw new CallError('backend_refused', message, { cause: failure });
      }
      return await backend.open(context, signal);
    },
    figures: () => backend.figures(),
    close: () => backend.close(),
  };
}
