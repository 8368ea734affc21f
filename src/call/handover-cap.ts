import type { BackendPort } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { LogEntry } from '../ports/events.ts';
import type { Timer } from '../time/clock.ts';
import type { WantedMove } from './handover-move.ts';

/** So long before its cap a session is left at the next pause, ms; a quarter of a shorter one. */
const leadMs = 60_000;
/** Without a pause it is left so long before it, ms; a tenth of a shorter one. */
const marginMs = 5000;

export interface HandoverCapOptions {
  readonly scope: CallScope;
  readonly backends: readonly BackendPort[];
  /** Who else could take over from it, the first of them first. */
  readonly successors: (port: BackendPort) => readonly BackendPort[];
  readonly go: (move: WantedMove) => void;
}

/**
 * Moves a call before the session of a backend that has a cap comes to its end: to a session of the
 * same backend where that can be told what was said, else to the next one. Backends that outlive their
 * connections by themselves have no cap.
 */
export class HandoverCap {
  readonly #options: HandoverCapOptions;
  #timer: Timer | null = null;

  constructor(options: HandoverCapOptions) {
    this.#options = options;
    options.scope.log.listen((entry) => this.#entry(entry));
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #entry(entry: LogEntry): void {
    if (entry.type === 'handover.started') this.close();
    if (entry.type !== 'backend.ready') return;
    this.close();
    const { backends, go, scope, successors } = this.#options;
    const port = backends.find(({ name }) => name === entry.backend);
    const capMs = port?.capabilities.sessionCapMs ?? null;
    if (port === undefined || capMs === null) return;
    const to = port.capabilities.seedHistory === 'none' ? successors(port)[0] : port;
    if (to === undefined) return;
    const earlyMs = Math.min(leadMs, capMs / 4);
    const withinMs = earlyMs - Math.min(marginMs, capMs / 10);
    this.#timer = scope.clock.timerAt(scope.clock.nowMs() + capMs - earlyMs, () => {
      this.#timer = null;
      go({ to: to.name, cause: 'session_cap', withinMs });
    });
  }
}
