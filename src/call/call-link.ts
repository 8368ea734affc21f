import { BackendLink } from './backend-link.ts';
import type { BackendLinkOptions } from './link-options.ts';
import { backendFormats } from './backend-formats.ts';
import { LossesInWords } from './handover-loss.ts';
import { successorsOf } from './handover-choice.ts';
import { takeBackendEvent, type LiveBackendEvent } from './backend-events.ts';
import type { BackendPort } from '../ports/backend.ts';
import type { CallError } from '../ports/errors.ts';
import type { CallOptions } from './options.ts';
import type { CommandTarget } from './commands.ts';
import type { Handover } from './handover.ts';
import type { SideListener } from './side-listener.ts';

export interface CallLinkOptions {
  readonly call: CallOptions;
  /** What the backend's events work on. */
  readonly target: CommandTarget;
  readonly handover: Handover;
  /** See {@link BackendLinkOptions.adopt}. */
  readonly adopt: NonNullable<BackendLinkOptions['adopt']>;
  /** Who holds what a backend says while another one is asked as well; absent: nobody. */
  readonly race?: Pick<BackendLinkOptions, 'holds' | 'retire' | 'retired'>;
  /** The backend that answers says that its connection will end soon. */
  readonly onLeaving: () => void;
  /** A backend is about to be opened; what its settings depend on is settled here. */
  readonly onOpening: (port: BackendPort) => void;
  /** Everything that a backend says, before anything is done with it. */
  readonly onEvent: (event: LiveBackendEvent) => void;
  /** Hears beside the backend; `null`: nobody does. */
  readonly beside: SideListener | null;
  /** The last backend is gone: the call has lost its answer. */
  readonly onLost: (error: CallError) => void;
}

/** Who could take over from a backend of the call's, in order. */
export function successorsIn({
  agent,
  backends,
  health,
}: CallOptions): (lost: BackendPort) => readonly BackendPort[] {
  return (lost) =>
    successorsOf(lost, backends, {
      acceptUnseeded: agent.handover?.acceptUnseeded === true,
      trusted: ({ name }) => health?.(name)?.trusted ?? true,
    });
}

/** A call's link to its backends: what they are opened with, and where what they say goes. */
export function createCallLink(options: CallLinkOptions): BackendLink {
  const { call, target, handover, onOpening, onLost } = options;
  const { backends, clock, ids, callId } = call;
  const { log } = target.scope;
  const successors = successorsIn(call);
  const losses = new LossesInWords(() => target.lines, backends.length);
  return new BackendLink({
    backends,
    successors,
    clock,
    adopt: options.adopt,
    ...options.race,
    caughtUp: (missed) => handover.caughtUp(missed),
    admit: ({ name }, signal) => call.health?.(name)?.openings.take(signal) ?? null,
    context: (port) => {
      const settings = target.settings();
      return {
        callId,
        agent: target.agent().name,
        authority: target.context().authority,
        settings,
        ...backendFormats(port.capabilities, settings),
        seed: handover.seed(port),
        recall: target.uplink.recall(),
        clock,
        ids,
        log: call.log,
      };
    },
    adapt: (command) => target.uplink.forBackend(command),
    onOpening: (port, ready) => {
      onOpening(port);
      if (ready?.uplink !== undefined) target.uplink.goOnWith(ready.uplink);
    },
    onReady: (port, openMs) => log.append({ type: 'backend.ready', backend: port.name, openMs }),
    onServing: (port) => {
      target.lines.left.askedNow();
      handover.serving(port);
    },
    onHandover: (port, error, to, cause) => handover.lost(port, error, to.name, cause),
    first: (port, waiting) => handover.first(port, waiting),
    lossIn: (event) => losses.take(event),
    onEvent: (event) => {
      options.onEvent(event);
      if (event.type === 'leaving') options.onLeaving();
      if (options.beside === null) takeBackendEvent(target, event);
      else options.beside.take(event);
    },
    onFailed: (port, error, last) => {
      const { code, message } = error;
      if (last) onLost(error);
      else log.append({ type: 'backend.failed', backend: port.name, code, message });
    },
    onDropped: (samples) => log.append({ type: 'audio.dropped', where: 'model_input', samples }),
  });
}
