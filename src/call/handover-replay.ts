import type { BackendCommand } from '../ports/backend.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** What anyone who listens in real time has to bear after a pause of the network, ms. */
const burstMs = 5000;
/** So much faster than real time goes what is beyond that. */
const rate = 1.25;

export interface PacedReplayOptions {
  readonly clock: Clock;
  /** `false`: it takes sound at any pace. */
  readonly paced: boolean;
  readonly send: (command: BackendCommand) => void;
  /** All of it was sent; called once. */
  readonly onDone: () => void;
}

/**
 * What a backend that has just opened is told, for one that listens in real time: in order, a burst
 * of sound at once and the rest hardly faster than it was spoken. What comes meanwhile follows it.
 */
export class PacedReplay {
  readonly #options: PacedReplayOptions;
  #waiting: BackendCommand[];
  /** Sound that may go at once, ms. */
  #allowedMs = burstMs;
  #atMs: number;
  #timer: Timer | null = null;
  #done = false;

  constructor(commands: readonly BackendCommand[], options: PacedReplayOptions) {
    this.#options = options;
    this.#waiting = [...commands];
    this.#atMs = options.clock.nowMs();
  }

  /** Whether all has been sent. */
  get done(): boolean {
    return this.#done;
  }

  /** Commands that wait (a count). */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Begins. */
  start(): void {
    this.#pump();
  }

  /** Something else to be told, after all of this. */
  push(command: BackendCommand): void {
    this.#waiting.push(command);
  }

  /** Gives up what waits. Idempotent. */
  close(): void {
    this.#done = true;
    this.#waiting = [];
    this.#timer?.cancel();
    this.#timer = null;
  }

  #pump(): void {
    const { clock, paced, send, onDone } = this.#options;
    const nowMs = clock.nowMs();
    this.#allowedMs = Math.min(burstMs, this.#allowedMs + (nowMs - this.#atMs) * rate);
    this.#atMs = nowMs;
    while (!this.#done) {
      const [command] = this.#waiting;
      if (command === undefined) {
        this.#done = true;
        onDone();
        return;
      }
      const soundMs = paced && command.type === 'audio' ? durationMs(command) : 0;
      if (soundMs > this.#allowedMs + 0.001) {
        const waitMs = Math.max(1, (soundMs - this.#allowedMs) / rate);
        this.#timer = clock.timerAt(nowMs + waitMs, () => this.#pump());
        return;
      }
      this.#allowedMs -= soundMs;
      this.#waiting.shift();
      send(command);
    }
  }
}

function durationMs({ chunk }: BackendCommand & { readonly type: 'audio' }): number {
  // A piece longer than the burst has to pass too.
  return Math.min(burstMs, (chunk.samples * 1000) / chunk.rateHz);
}
