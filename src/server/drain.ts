import type { CommandResult } from '../ports/client.ts';
import type { CloseReason } from '../ports/events.ts';
import type { Clock } from '../time/clock.ts';

/** What the house needs of a running call: to end it, and to send it elsewhere. */
export interface ClosableCall {
  close(reason: CloseReason): void;
  /** To another backend at the next pause; `null`: to the first that is not in use. Absent: it cannot. */
  handOver?(to: string | null): CommandResult;
  /** Its backend is lost, as if it had died. Absent: it cannot be made to. */
  breakBackend?(): CommandResult;
}

export interface DrainOptions {
  readonly clock: Clock;
  /** How long running calls may go on after the end was announced, ms. */
  readonly drainMs: number;
  /** How long calls that were told to close may take, ms. */
  readonly closeMs?: number;
}

const defaultCloseMs = 6_000;

/**
 * The calls that are running, and their orderly end: from `begin` on no call is taken, those
 * running may finish until the deadline, and then they are closed (1012).
 */
export class Drain {
  readonly #clock: Clock;
  /** How long running calls may go on after the end was announced, ms. */
  drainMs: number;
  readonly #closeMs: number;
  readonly #calls = new Map<string, ClosableCall>();
  #begun: Promise<void> | null = null;
  #whenIdle: (() => void) | null = null;

  constructor({ clock, drainMs, closeMs = defaultCloseMs }: DrainOptions) {
    this.#clock = clock;
    this.drainMs = drainMs;
    this.#closeMs = closeMs;
  }

  /** Whether the end was announced. */
  get draining(): boolean {
    return this.#begun !== null;
  }

  /** Calls that are running. */
  get running(): number {
    return this.#calls.size;
  }

  add(callId: string, call: ClosableCall): void {
    this.#calls.set(callId, call);
  }

  find(callId: string): ClosableCall | null {
    return this.#calls.get(callId) ?? null;
  }

  remove(callId: string): void {
    this.#calls.delete(callId);
    if (this.#calls.size === 0) this.#whenIdle?.();
  }

  /**
   * Announces the end. Resolves when no call is left, or when calls that were told to close did
   * not do so in time. Asking again gives the same promise.
   */
  begin(): Promise<void> {
    this.#begun ??= this.#end();
    return this.#begun;
  }

  /** Ends every running call now. */
  closeAll(): void {
    for (const call of [...this.#calls.values()]) call.close({ kind: 'shutdown' });
  }

  async #end(): Promise<void> {
    await this.#idle(this.drainMs);
    if (this.#calls.size === 0) return;
    this.closeAll();
    await this.#idle(this.#closeMs);
  }

  /** Waits until no call is left, `limitMs` at most. */
  #idle(limitMs: number): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.timerAt(this.#clock.nowMs() + limitMs, done);
      this.#whenIdle = done;
      function done(): void {
        timer.cancel();
        resolve();
      }
    });
  }
}
