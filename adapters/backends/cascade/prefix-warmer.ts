import { CallError } from '../../../src/ports/errors.ts';
import type { LanguageModelPort } from '../../../src/ports/language-model.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import type { Clock, Timer } from '../../../src/time/clock.ts';
import { foldHistory } from './model-messages.ts';

/** Settings have settled when they have not changed for this long, ms: clients send several in a row. */
const settledAfterMs = 100;

/** Tells the model what a call's requests begin with, once its settings have settled. */
export class PrefixWarmer {
  readonly #llm: LanguageModelPort;
  readonly #clock: Clock;
  readonly #callId: string;
  #timer: Timer | null = null;
  #abort: AbortController | null = null;

  constructor(llm: LanguageModelPort, clock: Clock, callId: string) {
    this.#llm = llm;
    this.#clock = clock;
    this.#callId = callId;
  }

  /** These are the settings now. */
  want(settings: CallSettings): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.timerAt(this.#clock.nowMs() + settledAfterMs, () =>
      this.#warm(settings),
    );
  }

  /** A request is on its way: it does the same. */
  skip(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Idempotent. */
  close(): void {
    this.skip();
    this.#stop();
  }

  #warm({ instructions, tools, toolChoice }: CallSettings): void {
    this.#timer = null;
    this.#stop();
    this.#abort = new AbortController();
    const { messages } = foldHistory(instructions, [], null);
    const request = { callId: this.#callId, messages, tools, toolChoice, maxOutputTokens: 1 };
    this.#llm.warm(request, this.#abort.signal);
  }

  #stop(): void {
    this.#abort?.abort(new CallError('backend_closed', 'warming is not wanted any more'));
    this.#abort = null;
  }
}
