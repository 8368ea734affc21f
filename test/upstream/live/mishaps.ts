import type { FaultPlace, Mishap, StandInFault } from './options.ts';
import type { Outlet } from './outlet.ts';
import { WireError } from './shapes.ts';

/** The fault of this place, which has happened now. */
export function takeFault(
  faults: StandInFault[],
  ordinal: number,
  place: FaultPlace,
): Mishap | null {
  const at = faults.findIndex((fault) => {
    if ((fault.connection ?? ordinal) !== ordinal) return false;
    if (fault.kind === 'refuse') return place.at === 'handshake';
    if (fault.at !== 'audio' || place.at !== 'audio') return fault.at === place.at;
    return place.afterMs >= fault.afterMs;
  });
  return at < 0 ? null : (faults.splice(at, 1)[0] ?? null);
}

/** A session to which something may happen. */
interface Mishappen {
  drop(): void;
  stall(): void;
  hangUp(code: number, reason: string): void;
  end(reason: string): void;
}

/** @returns whether nothing else goes on */
export function goWrong(
  fault: Mishap,
  place: FaultPlace,
  outlet: Outlet,
  session: Mishappen,
): boolean {
  switch (fault.kind) {
    case 'refuse':
      return false;
    case 'close':
      session.hangUp(fault.code, fault.reason);
      return true;
    case 'drop':
      session.drop();
      return true;
    case 'stall':
      session.stall();
      return true;
    case 'send':
      outlet.text(fault.text);
      return false;
    case 'error':
      outlet.fail(new WireError(fault.code, fault.message), null);
      return place.at === 'start';
    case 'end':
      session.end(fault.reason);
      return true;
  }
}
