import type { FaultPlace, Mishap, StandInFault } from './options.ts';

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
