import { asideRequest } from './aside.ts';
import type { AgentLines } from './agent-lines.ts';
import type { BackendCapabilities } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { LineRequest } from './line-request.ts';
import type { LineTrack } from './line-track.ts';
import type { Timer } from '../time/clock.ts';

/** How often it is looked how far it has come, ms. */
const lookMs = 100;
/** Longest that the agent and the caller may go on with what they are saying, ms. */
const patienceMs = 8_000;
/** Longest time for all of it, ms. */
const deadlineMs = 20_000;
/** How often the words are begun, once they are interrupted (a count). */
const attemptLimit = 2;

export interface WrapUpOptions {
  readonly scope: CallScope;
  readonly lines: AgentLines;
  readonly capabilities: () => BackendCapabilities;
  readonly roundTripMs: () => number;
  readonly callerSpeaks: () => boolean;
  readonly respond: (request: LineRequest) => LineTrack;
  /** What the agent is to say last. */
  readonly words: string;
  /** It was said, or cannot be, or took too long. Called once. */
  readonly onOver: () => void;
}

/** Lets the agent finish, has it say its last words, and waits until they were heard. */
export class WrapUp {
  readonly #options: WrapUpOptions;
  readonly #beganAtMs: number;
  #said: LineTrack | null = null;
  #attempts = 0;
  #timer: Timer | null = null;

  constructor(options: WrapUpOptions) {
    this.#options = options;
    this.#beganAtMs = options.scope.nowMs();
    this.#wait();
  }

  /** Idempotent. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(): void {
    const { clock } = this.#options.scope;
    this.#timer = clock.timerAt(clock.nowMs() + lookMs, () => this.#look());
  }

  #look(): void {
    const tookMs = this.#options.scope.nowMs() - this.#beganAtMs;
    if (tookMs >= deadlineMs || this.#isOver(tookMs)) {
      this.close();
      this.#options.onOver();
      return;
    }
    this.#wait();
  }

  /** @returns whether nothing more is to come */
  #isOver(tookMs: number): boolean {
    const { lines, callerSpeaks } = this.#options;
    const said = this.#said;
    if (said !== null) {
      if (!said.closed) return false;
      if (said.completed) return this.#heardOut(said);
      this.#said = null;
      if (this.#attempts >= attemptLimit) return true;
    }
    const patient = tookMs < patienceMs;
    const quiet = lines.active === null && lines.waitingMs === 0 && !callerSpeaks();
    if (patient && !(quiet && this.#heardOut(lines.latest))) return false;
    return !this.#say();
  }

  /** @returns whether it can be said */
  #say(): boolean {
    const { capabilities, lines, respond, scope, words } = this.#options;
    const request = asideRequest(capabilities(), words, '');
    if (request === null) return false;
    if (lines.active !== null) {
      lines.cancelUpstream();
      lines.cut('model', 'client_cancelled');
    }
    this.#attempts += 1;
    try {
      this.#said = respond(request);
      return true;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : 'unknown';
      scope.logger.warn('spend.not_said', { error });
      return this.#attempts < attemptLimit;
    }
  }

  #heardOut(track: LineTrack | null): boolean {
    const { scope, roundTripMs } = this.#options;
    if (track === null || track.sentMs === 0) return true;
    // The clock's guess lies behind by less than this.
    return track.heardMs(scope.nowMs(), roundTripMs()) >= track.sentMs - 1;
  }
}
