import type { BackendEvent, BackendSession, Usage } from '../ports/backend.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** How long a session is kept to hear what its answer has used, ms. */
const lingerMs = 2000;
/** Sessions kept at once in a call (a count). */
const keptLimit = 4;

interface Kept {
  readonly backend: string;
  readonly lineId: string;
  readonly timer: Timer;
}

/** Sessions of those that lost a race: told to stop, and let go when they have said what it cost. */
export class HedgeRemains {
  readonly #clock: Clock;
  readonly #onUsed: (backend: string, usage: Usage | null) => void;
  readonly #kept = new Map<BackendSession, Kept>();

  constructor(clock: Clock, onUsed: (backend: string, usage: Usage | null) => void) {
    this.#clock = clock;
    this.#onUsed = onUsed;
  }

  keep(backend: string, session: BackendSession, lineId: string): void {
    session.send({ type: 'cancel', lineId });
    const timer = this.#clock.timerAt(this.#clock.nowMs() + lingerMs, () =>
      this.#let(session, null),
    );
    this.#kept.set(session, { backend, lineId, timer });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > keptLimit && oldest !== undefined) this.#let(oldest, null);
  }

  /** @returns false when nothing more of the session is wanted */
  take(session: BackendSession, event: BackendEvent): boolean {
    const kept = this.#kept.get(session);
    if (kept === undefined) return false;
    if (event.type === 'usage') this.#onUsed(kept.backend, event.usage);
    const over =
      event.type === 'failed' || (event.type === 'line.done' && event.lineId === kept.lineId);
    if (over) this.#let(session, event.type === 'line.done' ? event.usage : null);
    return !over;
  }

  /** Idempotent. */
  close(): void {
    for (const session of [...this.#kept.keys()]) this.#let(session, null);
  }

  #let(session: BackendSession, usage: Usage | null): void {
    const kept = this.#kept.get(session);
    if (kept === undefined) return;
    this.#kept.delete(session);
    kept.timer.cancel();
    session.close();
    this.#onUsed(kept.backend, usage);
  }
}
