import { asideRequest } from './aside.ts';
import { FirstSounds } from './first-sounds.ts';
import type { BackendCapabilities } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { LineRequest } from './line-request.ts';
import type { Timer } from '../time/clock.ts';

/** A tool that answers within this is not announced, ms; less where the backend is slow to speak. */
const graceMs = 300;
/** A tool is given so long to answer whatever the backend, ms. */
const leastGraceMs = 100;
/** From the request of the tool to the first sound of a preamble, ms: what goes beyond is grace. */
const soundWithinMs = 900;

const instructions =
  'You are looking something up for the caller. In at most six words, say that you are on it. Do not ' +
  'guess the result, and ask nothing.';

export interface ToolPreambleOptions {
  readonly scope: CallScope;
  readonly capabilities: () => BackendCapabilities;
  /** Nobody speaks and no line is being made. */
  readonly quiet: () => boolean;
  readonly respond: (request: LineRequest) => void;
}

/**
 * Says that something is being looked up, once a turn, when a tool has not answered at once and the
 * model has not said anything itself.
 */
export class ToolPreamble {
  readonly #options: ToolPreambleOptions;
  readonly #firstSounds = new FirstSounds();
  #waiting: { readonly toolCallId: string; readonly words: string | null; due: boolean } | null =
    null;
  #timer: Timer | null = null;
  #saidInTurn = false;

  constructor(options: ToolPreambleOptions) {
    this.#options = options;
    options.scope.log.listen((entry) => this.#firstSounds.push(entry));
  }

  /** A tool was asked for. @param words what is said; `auto`: what the backend makes up */
  asked(toolCallId: string, words: string): void {
    if (this.#saidInTurn || this.#waiting !== null) return;
    const { clock } = this.#options.scope;
    const waiting = { toolCallId, words: words === 'auto' ? null : words, due: false };
    this.#waiting = waiting;
    const leftMs = soundWithinMs - this.#firstSounds.slowestMs;
    const waitMs = Math.max(leastGraceMs, Math.min(graceMs, leftMs));
    this.#timer = clock.timerAt(clock.nowMs() + waitMs, () => {
      waiting.due = true;
      this.look();
    });
  }

  /** It has answered, or nobody waits for it any more. */
  over(toolCallId: string): void {
    if (this.#waiting?.toolCallId === toolCallId) this.drop();
  }

  /** The model spoke itself, the caller did, or the call is over. Idempotent. */
  drop(): void {
    this.#waiting = null;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** The caller has said something new. */
  newTurn(): void {
    this.#saidInTurn = false;
  }

  /** The floor may be free. */
  look(): void {
    const { capabilities, quiet, respond } = this.#options;
    if (this.#waiting?.due !== true || !quiet()) return;
    const { words } = this.#waiting;
    this.drop();
    const request = asideRequest(capabilities(), words, instructions);
    if (request === null) return;
    this.#saidInTurn = true;
    respond(request);
  }
}
