import { BackendLink } from './backend-link.ts';
import { backendFormats } from './backend-formats.ts';
import { takeBackendEvent } from './backend-events.ts';
import type { BackendPort } from '../ports/backend.ts';
import type { CallError } from '../ports/errors.ts';
import type { CallOptions } from './options.ts';
import type { CommandTarget } from './commands.ts';

export interface CallLinkOptions {
  readonly call: CallOptions;
  /** What the backend's events work on. */
  readonly target: CommandTarget;
  /** A backend is about to be opened; what its settings depend on is settled here. */
  readonly onOpening: (port: BackendPort) => void;
  /** The last backend is gone: the call has lost its answer. */
  readonly onLost: (error: CallError) => void;
}

/** A call's link to its backends: what they are opened with, and where what they say goes. */
export function createCallLink({ call, target, onOpening, onLost }: CallLinkOptions): BackendLink {
  const { backends, clock, ids, callId, agent } = call;
  const { log } = target.scope;
  return new BackendLink({
    backends,
    clock,
    context: (port) => {
      const settings = target.settings();
      return {
        callId,
        agent: agent.name,
        authority: target.context().authority,
        settings,
        ...backendFormats(port.capabilities, settings),
        seed: null,
        recall: target.uplink.recall(),
        clock,
        ids,
        log: call.log,
      };
    },
    adapt: (command) => target.uplink.forBackend(command),
    onOpening,
    onReady: (port, openMs) => log.append({ type: 'backend.ready', backend: port.name, openMs }),
    onEvent: (event) => takeBackendEvent(target, event),
    onFailed: (port, error, last) => {
      const { code, message } = error;
      if (last) onLost(error);
      else log.append({ type: 'backend.failed', backend: port.name, code, message });
    },
    onDropped: (samples) => log.append({ type: 'audio.dropped', where: 'model_input', samples }),
  });
}
