import type { BackendHealth } from '../ports/health.ts';
import type { CallScope } from './scope.ts';
import type { LogEntry, StandbyCause } from '../ports/events.ts';
import type { Timer } from '../time/clock.ts';

/** A session that can last only so long is at risk this long before its end, ms. */
const capMarginMs = 90_000;

export interface StandbyRiskOptions {
  readonly scope: CallScope;
  /** What is known of the backend that answers. */
  readonly health: () => BackendHealth | null;
  /** Longest session of the backend that answers, ms; `null`: it has no cap. */
  readonly sessionCapMs: () => number | null;
  readonly onRisk: (cause: StandbyCause) => void;
}

/**
 * Sees by what happens in a call, and by what all calls know, that it may lose its backend: an answer
 * that is later than usual, a breaker on its way to open, a session near its end.
 */
export class StandbyRisk {
  readonly #options: StandbyRiskOptions;
  #late: { readonly lineId: string; readonly timer: Timer } | null = null;
  #cap: Timer | null = null;
  #closed = false;

  constructor(options: StandbyRiskOptions) {
    this.#options = options;
    options.scope.log.listen((entry) => this.#entry(entry));
  }

  /** An answer has begun. */
  begun(): void {
    this.#late?.timer.cancel();
    this.#late = null;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.begun();
    this.#cap?.cancel();
  }

  #entry(entry: LogEntry): void {
    if (this.#closed) return;
    if (entry.type === 'backend.opening') {
      this.begun();
      this.#cap?.cancel();
    } else if (entry.type === 'backend.ready') this.#watchCap();
    else if (entry.type === 'speech.started') this.#lookAtBreaker();
    else if (entry.type === 'tool.called' || entry.type === 'line.closed') {
      if (this.#late?.lineId === entry.lineId) this.begun();
    } else if (entry.type === 'line.opened' && entry.line.epoch !== null) {
      const { cause, lineId, modality } = entry.line;
      this.#lookAtBreaker();
      if (cause !== 'backend' && cause !== 'stream' && modality === 'audio') this.#asked(lineId);
    }
  }

  #asked(lineId: string): void {
    this.begun();
    const { health, onRisk, scope } = this.#options;
    const usualMs = health()?.pace.firstAudioP95Ms ?? null;
    if (usualMs === null) return;
    const timer = scope.clock.timerAt(scope.clock.nowMs() + usualMs, () => {
      this.#late = null;
      onRisk('first_audio');
    });
    this.#late = { lineId, timer };
  }

  #lookAtBreaker(): void {
    const { health, onRisk } = this.#options;
    if (health()?.warned === true) onRisk('breaker');
  }

  #watchCap(): void {
    this.#cap?.cancel();
    const { onRisk, scope, sessionCapMs } = this.#options;
    const capMs = sessionCapMs();
    if (capMs === null) return;
    const inMs = Math.max(0, capMs - capMarginMs);
    this.#cap = scope.clock.timerAt(scope.clock.nowMs() + inMs, () => onRisk('session_cap'));
  }
}
