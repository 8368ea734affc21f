import type { CallScope } from './scope.ts';
import type { MoveCause } from '../ports/events.ts';
import type { Timer } from '../time/clock.ts';

/** How often it is looked whether nobody speaks, ms. */
const lookMs = 100;
/** Longest time that a move waits for a pause, ms; then what the agent says is broken off. */
const patienceMs = 15_000;

/** A backend that the call is to go over to, though the one in use is in order. */
export interface WantedMove {
  /** Its name. */
  readonly to: string;
  readonly cause: MoveCause;
  /** Longest wait for a pause, ms; absent: 15 s. `Infinity`: it is given up rather than forced. */
  readonly withinMs?: number;
}

export interface HandoverMoveOptions {
  readonly scope: CallScope;
  /** Nobody speaks, nothing waits to be said, and no tool runs. */
  readonly quiet: () => boolean;
  /** Whether it still makes sense; asked before anything is done. */
  readonly sensible: (move: WantedMove) => boolean;
  readonly go: (move: WantedMove) => void;
}

/** Waits for the next pause to go over to another backend. One wish at a time: the latest counts. */
export class HandoverMove {
  readonly #options: HandoverMoveOptions;
  #wanted: { readonly move: WantedMove; readonly untilMs: number } | null = null;
  #timer: Timer | null = null;

  constructor(options: HandoverMoveOptions) {
    this.#options = options;
  }

  get wanted(): WantedMove | null {
    return this.#wanted?.move ?? null;
  }

  want(move: WantedMove): void {
    this.close();
    this.#wanted = { move, untilMs: this.#options.scope.nowMs() + (move.withinMs ?? patienceMs) };
    this.#wait();
  }

  /** Nothing is wanted any more. Idempotent. */
  close(): void {
    this.#wanted = null;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(): void {
    const { clock } = this.#options.scope;
    this.#timer = clock.timerAt(clock.nowMs() + lookMs, () => this.#look());
  }

  #look(): void {
    const { go, quiet, scope, sensible } = this.#options;
    if (this.#wanted === null) return;
    const { move, untilMs } = this.#wanted;
    if (!sensible(move)) this.close();
    else if (quiet() || scope.nowMs() >= untilMs) {
      this.close();
      go(move);
    } else this.#wait();
  }
}
