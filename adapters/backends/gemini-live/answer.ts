import type { BackendEvent, LineOutcome, Usage } from '../../../src/ports/backend.ts';

/** What is told of lines. */
export type LineEvent = BackendEvent & { type: `line.${string}` | 'tool.called'; lineId: string };

/** Events of an answer that nobody asked for (a count). */
const heldLimit = 2000;
/** After an answer was played out the upstream says so; where it does not within this, ms. */
const missingEndMs = 1500;

export interface AnswerStart {
  /** `null`: nobody has asked for it yet, and what it brings is held. */
  readonly lineId: string | null;
  /** The caller's turn that it answers; `null`: an older one than the last. */
  readonly turnId: string | null;
  /** Nothing of it is passed on. */
  readonly voided: boolean;
  readonly nowMs: number;
}

/**
 * An answer that the upstream has begun: whose it is, and how far it has come. Until somebody asks for
 * it, it holds what it brings.
 */
export class Answer {
  readonly turnId: string | null;
  text = '';
  /** Its text was said to be whole. */
  told = false;
  /** All of its audio has come. */
  generated = false;
  /** The upstream is through with it, and only its words are waited for. */
  over = false;
  usage: Usage | null = null;
  /** Its audio came last, or it was given to a line. */
  lastAtMs: number;
  /** How it ends at `endAtMs`, once that is known. */
  outcome: LineOutcome = { status: 'completed' };
  endAtMs: number | null = null;
  readonly #beganAtMs: number;
  #audioMs = 0;
  #lineId: string | null;
  #voided: boolean;
  #held: LineEvent[] = [];

  constructor({ lineId, turnId, voided, nowMs }: AnswerStart) {
    this.#lineId = lineId;
    this.turnId = turnId;
    this.#voided = voided;
    this.#beganAtMs = nowMs;
    this.lastAtMs = nowMs;
  }

  get lineId(): string | null {
    return this.#lineId;
  }

  /** Nothing of it is passed on any more. */
  get voided(): boolean {
    return this.#voided;
  }

  /** Nobody has asked for it yet. */
  get unasked(): boolean {
    return this.#lineId === null && !this.#voided;
  }

  /** Somebody hears it, or will. */
  get served(): boolean {
    return this.#lineId !== null && !this.#voided;
  }

  /** Nobody has asked for it yet, and all of it is here. */
  get heldWhole(): boolean {
    return this.unasked && this.#held.at(-1)?.type === 'line.done';
  }

  /**
   * Audio of it has come, and its words have not, or not the last of them.
   *
   * @param tellsEnds the upstream says when a text is whole
   */
  lacksWords(tellsEnds: boolean): boolean {
    return this.#audioMs > 0 && (this.text === '' || (tellsEnds && !this.told));
  }

  audio(lengthMs: number, nowMs: number): void {
    this.lastAtMs = nowMs;
    this.#audioMs += lengthMs;
  }

  /** All of its audio has come: its end is due once that was played. */
  generationComplete(nowMs: number): void {
    this.generated = true;
    this.endAtMs = Math.max(nowMs, this.#beganAtMs + this.#audioMs) + missingEndMs;
  }

  /** Keeps an event until somebody asks. @returns whether there was room */
  hold(event: LineEvent): boolean {
    // Words that come after the end belong before it.
    this.#held.splice(this.heldWhole ? this.#held.length - 1 : this.#held.length, 0, event);
    return this.#held.length <= heldLimit;
  }

  /** Nobody has asked, and it is over. @returns whether there is anything that may still be wanted */
  holdEnd(outcome: LineOutcome): boolean {
    this.endAtMs = null;
    this.generated = true;
    const { status } = outcome;
    if (status === 'cancelled' || status === 'failed' || this.#held.length === 0) return false;
    this.#held.push({ type: 'line.done', lineId: '', outcome, usage: this.usage });
    return true;
  }

  /** A line asks for it. @returns what it has brought so far, for that line */
  give(lineId: string, nowMs: number): LineEvent[] {
    const held = this.#held.map((event) => ({ ...event, lineId }));
    this.#held = [];
    this.#lineId = lineId;
    this.lastAtMs = nowMs;
    return held;
  }

  /** Nothing of it is passed on any more. */
  void(): void {
    this.#voided = true;
    this.#held = [];
  }
}
