import { initialTurnState, type TurnState } from './state.ts';
import { step } from './machine.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { TurnEffect, TurnInput } from './vocabulary.ts';
import type { TurnOptions } from './options.ts';

/**
 * Drives the turn machine: keeps its state, owns its one timer, hands effects on in order. Holds
 * no rule of its own. Inputs that effects cause are taken after the effects of the first.
 */
export class TurnEngine {
  readonly #clock: Clock;
  readonly #originMs: number;
  readonly #run: (effect: TurnEffect) => void;
  #options: TurnOptions;
  #state: TurnState = initialTurnState;
  #timer: Timer | undefined;
  /** Call time at which the timer comes. */
  #timerAtMs = Infinity;
  /** Call time at which the machine wants a tick; `null` = no wait is open. */
  #wakeAtMs: number | null = null;
  /** Latest call time that the machine was told, ms. */
  #reachedMs = 0;
  #pending: TurnInput[] = [];
  #busy = false;
  #closed = false;

  /**
   * @param originMs monotonic time of the call's start: steps see time since then
   * @param run executes one effect; may feed inputs back
   */
  constructor(
    { clock, originMs, options }: { clock: Clock; originMs: number; options: TurnOptions },
    run: (effect: TurnEffect) => void,
  ) {
    this.#clock = clock;
    this.#originMs = originMs;
    this.#options = options;
    this.#run = run;
  }

  get state(): TurnState {
    return this.#state;
  }

  /** New settings hold from the next input on; an open turn is judged by them too. */
  configure(options: TurnOptions): void {
    this.#options = options;
    this.feed({ type: 'tick' });
  }

  feed(input: TurnInput): void {
    if (this.#closed) return;
    this.#pending.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
        this.#step(next);
      }
    } finally {
      this.#busy = false;
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#pending = [];
  }

  #step(input: TurnInput): void {
    this.#reachedMs = Math.max(this.#reachedMs, this.#clock.nowMs() - this.#originMs);
    const { state, effects, wakeAtMs } = step(this.#state, input, this.#reachedMs, this.#options);
    this.#state = state;
    this.#wakeAtMs = wakeAtMs;
    this.#arm();
    for (const effect of effects) {
      // What the call wanted before it ended is not done after it.
      if (this.#closed) return;
      this.#run(effect);
    }
  }

  /**
   * One timer, at the latest when it is wanted. Frames push most waits further away: then it comes
   * early and looks again, which costs less than setting it anew with every frame.
   */
  #arm(): void {
    const wakeAtMs = this.#wakeAtMs ?? Infinity;
    if (this.#timerAtMs <= wakeAtMs && wakeAtMs !== Infinity) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAtMs = wakeAtMs;
    if (wakeAtMs === Infinity) return;
    this.#timer = this.#clock.timerAt(this.#originMs + wakeAtMs, () => {
      this.#timerAtMs = Infinity;
      // Adding the origin and taking it off again may round to just before the time waited for.
      this.#reachedMs = Math.max(this.#reachedMs, wakeAtMs);
      if (this.#wakeAtMs !== null && this.#wakeAtMs <= wakeAtMs) this.feed({ type: 'tick' });
      else this.#arm();
    });
  }
}
