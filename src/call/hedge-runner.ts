import { AudibleOnset } from '../audio/level.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { BackendEvent } from '../ports/backend.ts';
import type { RunnerInput } from './hedge.ts';

/** Reads off one side's events how far it is with a line. */
export class HedgeRunner {
  readonly #lineId: string;
  readonly #onset: AudibleOnset;
  #begun = false;

  /** @param format of its sound */
  constructor(lineId: string, { codec, rateHz }: AudioFormat) {
    this.#lineId = lineId;
    this.#onset = new AudibleOnset(rateHz, 0, codec);
  }

  /** Whether an event is of the line: to be held while it is not known who answers. */
  concerns(event: BackendEvent): boolean {
    return 'lineId' in event && event.lineId === this.#lineId;
  }

  /** @returns what is new; `null`: nothing */
  take(event: BackendEvent): RunnerInput | null {
    if (event.type === 'failed') return 'out';
    if (!this.concerns(event)) return null;
    if (event.type === 'line.done') {
      return event.outcome.status !== 'failed' && this.#begun ? 'finished' : 'out';
    }
    if (event.type === 'line.audio') {
      this.#begun = true;
      // What is not whole samples breaks the backend where it is taken.
      if (event.bytes.byteLength % 2 !== 0) return 'begun';
      return this.#onset.push(event.bytes) === null ? 'begun' : 'audible';
    }
    if (event.type !== 'tool.called' && event.type !== 'line.text') return null;
    this.#begun = true;
    return event.type === 'tool.called' ? 'begun' : null;
  }
}
