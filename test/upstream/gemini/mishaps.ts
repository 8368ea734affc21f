import type { FaultPlace, Habit, Mishap, StandInFault } from './options.ts';

/** What goes wrong on one connection. The list of faults may grow while it runs. */
export class Mishaps {
  readonly #faults: readonly StandInFault[];
  readonly #connection: number;
  readonly #done = new Set<StandInFault>();

  constructor(faults: readonly StandInFault[], connection: number) {
    this.#faults = faults;
    this.#connection = connection;
  }

  /** The mishap of this place that has not happened yet; it has now. */
  take(place: FaultPlace): Mishap | null {
    for (const fault of this.#mine()) {
      if (fault.kind === 'habit' || this.#done.has(fault)) continue;
      if (fault.kind === 'refuse' ? place.at !== 'handshake' : !reached(fault, place)) continue;
      this.#done.add(fault);
      return fault;
    }
    return null;
  }

  has(habit: Habit): boolean {
    return this.#mine().some((fault) => fault.kind === 'habit' && fault.habit === habit);
  }

  #mine(): readonly StandInFault[] {
    return this.#faults.filter(
      ({ connection }) => (connection ?? this.#connection) === this.#connection,
    );
  }
}

function reached(fault: FaultPlace, place: FaultPlace): boolean {
  if (fault.at !== 'audio') return fault.at === place.at;
  return place.at === 'audio' && place.afterMs >= fault.afterMs;
}
