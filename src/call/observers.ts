import type { LogEntry } from '../ports/events.ts';
import type { Logger } from '../ports/log.ts';
import type { CallDepths, FrameDirection, ObservedCall, ObserverPort } from '../ports/observer.ts';

/** Everyone who watches one call; what one of them throws stays with it and is logged. */
export class CallObservers {
  readonly #observers: readonly ObserverPort[];
  /** Those who want every frame. */
  readonly #frames: readonly ObserverPort[];
  readonly #call: ObservedCall;
  readonly #logger: Logger;

  /** @param call read at each telling: its backend may change */
  constructor(observers: readonly ObserverPort[], call: ObservedCall, logger: Logger) {
    this.#observers = observers;
    this.#frames = observers.filter((observer) => observer.frameDelay !== undefined);
    this.#call = call;
    this.#logger = logger;
  }

  watch(depths: () => CallDepths): void {
    for (const observer of this.#observers) {
      this.#safely('watch', () => observer.watch?.(this.#call, depths));
    }
  }

  entry(entry: LogEntry): void {
    for (const observer of this.#observers) {
      this.#safely(entry.type, () => observer.entry(this.#call, entry));
    }
  }

  /** On the path of every frame: no closure is made. */
  delay(direction: FrameDirection, delayMs: number): void {
    for (const observer of this.#frames) {
      try {
        observer.frameDelay?.(this.#call, direction, delayMs);
      } catch (thrown) {
        this.#report('frameDelay', thrown);
      }
    }
  }

  #safely(what: string, tell: () => void): void {
    try {
      tell();
    } catch (thrown) {
      this.#report(what, thrown);
    }
  }

  #report(what: string, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown.name : typeof thrown;
    this.#logger.error('observer.failed', { entry: what, error });
  }
}
