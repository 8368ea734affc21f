import type { CallScope } from './scope.ts';
import type { GateCheck, GateCheckPort, GateQuestion } from '../ports/gate.ts';
import type { Timer } from '../time/clock.ts';

/** What became of one question. */
export type CheckOutcome = 'allowed' | 'refused' | 'failed';

export interface ClauseCheckOptions {
  readonly scope: CallScope;
  readonly check: GateCheck;
  readonly port: GateCheckPort;
  readonly question: Pick<GateQuestion, 'callId' | 'agent' | 'lineId'>;
  /** The first so many characters may be said. */
  readonly onAllowed: (characters: number) => void;
  readonly onRefused: () => void;
  readonly onOutcome: (outcome: CheckOutcome, tookMs: number) => void;
}

/** Where a clause ends: what comes after it says what the whole of it means no differently. */
const clauseEnd = /[.,;:!?…。、，！？；：؟؛\n](?=[\s"'”’)]|$)/gu;

/** Asks somebody outside about a line, clause by clause, one question at a time. */
export class ClauseCheck {
  readonly #options: ClauseCheckOptions;
  #text = '';
  #final = false;
  #askedChars = 0;
  #asking: AbortController | null = null;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: ClauseCheckOptions) {
    this.#options = options;
  }

  /** All that is known of the line by now. */
  push(text: string, final: boolean): void {
    this.#text = text;
    this.#final = final;
    this.#ask();
  }

  /** No more waiting: what is not known counts as failed. */
  settle(): void {
    if (this.#asking !== null) this.#fail(0);
  }

  /** Idempotent; nothing is reported afterwards. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#asking?.abort();
    this.#asking = null;
  }

  #ask(): void {
    if (this.#closed || this.#asking !== null) return;
    const characters = this.#final ? this.#text.length : clausesOf(this.#text);
    if (characters <= this.#askedChars) {
      if (this.#final) this.#options.onAllowed(Infinity);
      return;
    }
    this.#askedChars = characters;
    const { check, port, question, scope } = this.#options;
    const asking = new AbortController();
    const sinceMs = scope.clock.nowMs();
    this.#asking = asking;
    this.#timer = scope.clock.timerAt(sinceMs + check.deadlineMs, () =>
      this.#fail(check.deadlineMs),
    );
    const tookMs = (): number => scope.clock.nowMs() - sinceMs;
    const text = this.#text.slice(0, characters);
    port.ask({ ...question, text, final: this.#final }, asking.signal).then(
      (allowed) => {
        if (this.#asking === asking) this.#done(allowed ? 'allowed' : 'refused', tookMs());
      },
      () => {
        if (this.#asking === asking) this.#fail(tookMs());
      },
    );
  }

  #fail(tookMs: number): void {
    this.#done('failed', tookMs);
  }

  #done(outcome: CheckOutcome, tookMs: number): void {
    const { check, onAllowed, onOutcome, onRefused } = this.#options;
    this.#timer?.cancel();
    this.#asking?.abort();
    this.#asking = null;
    onOutcome(outcome, tookMs);
    if (outcome === 'refused' || (outcome === 'failed' && check.onFail === 'closed')) {
      this.close();
      onRefused();
      return;
    }
    onAllowed(this.#askedChars);
    this.#ask();
  }
}

/** Length of the whole clauses at the beginning of a text, characters. */
function clausesOf(text: string): number {
  let end = 0;
  for (const match of text.matchAll(clauseEnd)) end = match.index + match[0].length;
  return end;
}
