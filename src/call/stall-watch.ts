import { CallError } from '../ports/errors.ts';
import type { CallScope } from './scope.ts';
import type { LineTrack } from './line-track.ts';
import type { Timer } from '../time/clock.ts';

/** Silence of a backend that owes a line, ms, after which it counts as stalled. */
const stallMs = 20_000;

const message = `the backend owed an answer and said nothing for ${stallMs} ms`;

/** Notices when a backend owes a line and gives no sign of life. One timer, looked at again. */
export class StallWatch {
  readonly #scope: CallScope;
  readonly #onStalled: (error: CallError) => void;
  #timer: Timer | undefined;

  constructor(scope: CallScope, onStalled: (error: CallError) => void) {
    this.#scope = scope;
    this.#onStalled = onStalled;
  }

  /** @param open the lines that are open now; watched until the next call of this */
  watch(open: Iterable<LineTrack>): void {
    this.close();
    const owed = [...open].filter((track) => track.outcome === null);
    if (owed.length === 0) return;
    const { clock, originMs, nowMs } = this.#scope;
    const dueMs = Math.min(...owed.map((track) => track.lastEventAtMs)) + stallMs;
    this.#timer = clock.timerAt(originMs + dueMs, () => {
      // The timer has come: rounding must not put "now" just before it.
      const atMs = Math.max(nowMs(), dueMs);
      const stalled = owed.some(
        (track) => track.outcome === null && !track.closed && track.lastEventAtMs + stallMs <= atMs,
      );
      if (stalled) this.#onStalled(new CallError('backend_stalled', message));
      else this.watch(owed.filter((track) => !track.closed));
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
