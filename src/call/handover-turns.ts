import type { CommittedTurn, KeptAudio } from './handover-plan.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Uplink } from './uplink.ts';

/** Turns remembered (a count): those whose sound may still be kept. */
const turnLimit = 16;
/** The caller may have begun to speak so long before anybody noticed, ms. */
const onsetMs = 1000;

type Turn = Omit<CommittedTurn, 'answered'>;

/** The caller's latest turns, by their place on the uplink. */
export class LatestTurns {
  readonly #turns: Turn[] = [];

  push(entry: LogEntry): void {
    if (entry.type !== 'turn.committed') return;
    const { itemId, fromSample, toSample, cause } = entry;
    this.#turns.push({ itemId, fromSample, toSample, silence: cause === 'idle' });
    if (this.#turns.length > turnLimit) this.#turns.shift();
  }

  /** @param unansweredFromSample start of what nothing has been heard in answer to */
  at(unansweredFromSample: number | null): readonly CommittedTurn[] {
    return this.#turns.map((turn) => ({
      ...turn,
      answered: unansweredFromSample === null || turn.toSample <= unansweredFromSample,
    }));
  }
}

/** Where the audio begins that no turn has taken and that another backend has to hear, samples. */
export function openFrom(
  uplink: Uplink,
  of: { readonly speakingFromSample: number | null; readonly manual: boolean },
): number {
  const { endMs, uncommittedSample } = uplink;
  if (of.manual) return uncommittedSample;
  const onsetSample = uplink.sampleAt(endMs - onsetMs);
  return Math.max(uncommittedSample, Math.min(of.speakingFromSample ?? Infinity, onsetSample));
}

/** The kept audio from a position on; `null` where none is. */
export function keptFrom(uplink: Uplink, fromSample: number, endAtMs: number): KeptAudio | null {
  const startSample = Math.max(fromSample, uplink.firstKeptSample);
  if (startSample >= uplink.endSample) return null;
  const bytes = uplink.slice(startSample, uplink.endSample);
  return bytes === null ? null : { format: uplink.format, startSample, bytes, endAtMs };
}
