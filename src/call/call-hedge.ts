import { backendFormats } from './backend-formats.ts';
import { HedgeRace } from './hedge-race.ts';
import { isOpen } from '../tools/ledger.ts';
import type { BackendHealth } from '../ports/health.ts';
import type { BackendLink } from './backend-link.ts';
import type { BackendPort, Usage } from '../ports/backend.ts';
import type { CallOptions } from './options.ts';
import type { CommandTarget } from './commands.ts';
import type { Handover } from './handover.ts';
import type { OtherTerms } from './term-changes.ts';
import type { Standby } from './standby.ts';

export interface CallHedgeOptions {
  readonly call: CallOptions;
  readonly target: CommandTarget;
  readonly termsWith: (port: BackendPort) => OtherTerms;
  readonly standby: Standby;
  readonly link: BackendLink;
  readonly handover: Handover;
  readonly successors: (lost: BackendPort) => readonly BackendPort[];
  readonly health: (backend: string) => BackendHealth | null;
  readonly onUnheard: (backend: string, usage: Usage | null) => void;
}

/** What asks a second backend for a call's late answers: only among those that answer when asked. */
export function createHedge(options: CallHedgeOptions): HedgeRace {
  const { call, handover, health, link, onUnheard, standby, successors, target, termsWith } =
    options;
  const { context, scope, settings, tools, uplink } = target;
  const serving = (): BackendPort | null =>
    call.backends.find(({ name }) => name === context().backend) ?? null;
  return new HedgeRace({
    scope,
    standby,
    termsWith,
    callerFormat: () => uplink.format,
    retelling: (taker) => handover.preview(taker),
    own: () => {
      const { authority, capabilities } = context();
      // What waits behind a history that is still told has not been asked: it is not late.
      const asked = link.open && !link.telling;
      const able = asked && authority === 'gateway' && capabilities.cancel;
      return able && settings().modality === 'audio' && !tools.entries.some(isOpen)
        ? serving()
        : null;
    },
    ownFormat: () => backendFormats(context().capabilities, settings()).outputFormat,
    rival: () => {
      const own = serving();
      const [other] = own === null ? [] : successors(own);
      if (other === undefined || other === own) return null;
      return canRace(other, termsWith) && health(other.name)?.trusted !== false ? other : null;
    },
    health,
    release: (events) => link.takeBack(events),
    goOver: (port) => link.leave(port, 'hedge'),
    onUsed: onUnheard,
  });
}

/** Whether it answers when it is asked, and only then. */
function canRace(port: BackendPort, termsWith: CallHedgeOptions['termsWith']): boolean {
  if (port.capabilities.standby !== true) return false;
  try {
    const { authority, capabilities } = termsWith(port);
    return authority === 'gateway' && capabilities.commit && capabilities.seedHistory !== 'none';
  } catch {
    return false;
  }
}
