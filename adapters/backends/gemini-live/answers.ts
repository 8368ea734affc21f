import type { LineOutcome, Usage } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { Answer, type LineEvent } from './answer.ts';
import { inFlightMs, OwedAnswer } from './owed-answer.ts';

/** Lines that wait for an answer (a count). */
const waitingLimit = 32;
/** Words this soon after an answer's end are the end of it, ms. */
const lateTextMs = 300;
/** An answer whose words are late is kept open so long after its end, ms. */
const wordlessMs = 400;
/** An answer that is over for the upstream. */
export interface EndedAnswer {
  /** What it said, as far as it came. */
  readonly text: string;
  /** The caller's turn that it was to; `null`: an older one than the last. */
  readonly turnId: string | null;
  readonly whole: boolean;
}

export interface AnswersOptions {
  /** Id for a line that the upstream begins by itself; `null` where it is to wait to be asked. */
  readonly ownLineId: () => string | null;
  readonly bytesPerMs: number;
  readonly emit: (event: LineEvent) => void;
  /** Name of the caller's turn that an answer beginning now is to. */
  readonly turnId: () => string | null;
  readonly onEnded: (answer: EndedAnswer) => void;
  readonly onUnasked: () => void;
  /** What was used by an answer that is no line's, or by one whose line has ended. */
  readonly onOtherUsage: (usage: Usage) => void;
  readonly onStale: () => void;
}

/**
 * Which answer is which line, on a wire that names neither. The upstream has one answer at a time;
 * a line is served by the next one that it begins, and what comes after a turn's end is another.
 * No socket, no clock: events in, events out.
 */
export class Answers {
  readonly #options: AnswersOptions;
  /** Asked for, oldest first; the first is the one that the next answer is for. */
  readonly #waiting: string[] = [];
  readonly #owed = new OwedAnswer();
  #current: Answer | null = null;
  #endedAtMs = -Infinity;
  /** The upstream says when a text is whole. */
  #tellsEnds = false;
  /** The upstream has not said the end of the turn that it is in. */
  #turnOpen = false;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** Nothing is said, owed or waited for. */
  get idle(): boolean {
    const saying = this.#current?.heldWhole === false;
    return !saying && !this.#owed.exists && this.#waiting.length === 0;
  }

  /** The upstream has said nothing yet of what it was asked last. */
  get owes(): boolean {
    return this.#owed.wanted;
  }

  /** An answer is being said, to somebody or nobody. */
  get running(): boolean {
    return this.#current?.generated === false;
  }

  /** A line is being answered, and more of it will come. */
  get saying(): boolean {
    return this.#current?.served === true && !this.#current.generated;
  }

  /** When to call {@link tick}; `null`: never. */
  get wakeAtMs(): number | null {
    return this.#current?.endAtMs ?? null;
  }

  /**
   * A line wants an answer.
   *
   * @returns `queued`: see {@link next}; `refused`: told so
   */
  ask(lineId: string): 'queued' | 'refused' {
    if (this.#waiting.includes(lineId) || this.#current?.lineId === lineId) return 'refused';
    if (this.#waiting.length >= waitingLimit) {
      const error = new CallError('backend_overloaded', `more than ${waitingLimit} lines wait`);
      this.#emit({ type: 'line.done', lineId, outcome: { status: 'failed', error }, usage: null });
      return 'refused';
    }
    this.#waiting.push(lineId);
    return 'queued';
  }

  /**
   * What has to happen for the first line that waits: `request`: ask the upstream (and say so by
   * {@link requested}); `nothing`: none waits, or its answer comes, or another is being said.
   *
   * @param news there is something to tell the upstream that asks for an answer by itself
   */
  next(nowMs: number, news: boolean): 'request' | 'nothing' {
    const [lineId] = this.#waiting;
    if (lineId === undefined) return 'nothing';
    const current = this.#current;
    if (current !== null && !current.voided) {
      if (current.lineId !== null) return 'nothing';
      if (!news) {
        this.#takeHeld(current, lineId, nowMs);
        return 'nothing';
      }
      this.#void(current);
    }
    if (news) return 'request';
    // Asked, cancelled and asked again with nothing new in between: it is the same answer.
    return this.#owed.want() ? 'nothing' : 'request';
  }

  /** The upstream was told something that it answers. */
  requested(nowMs: number): void {
    const current = this.#current;
    if (current?.unasked === true) this.#void(current);
    this.#owed.request(nowMs);
  }

  /** The upstream was told something that it answers, and nobody wants to hear it. */
  unwanted(nowMs: number): void {
    this.requested(nowMs);
    this.#owed.unwant();
  }

  cancel(lineId: string): boolean {
    const place = this.#waiting.indexOf(lineId);
    const current = this.#current;
    if (place < 0 && (current?.lineId !== lineId || current.voided)) return false;
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      if (place === 0) this.#owed.unwant();
    } else if (current !== null) {
      this.#void(current);
    }
    this.#done(lineId, { status: 'cancelled' }, place >= 0 ? null : (current?.usage ?? null));
    return true;
  }

  audio(bytes: Uint8Array, nowMs: number): void {
    const answer = this.#running(nowMs);
    answer.audio(bytes.byteLength / this.#options.bytesPerMs, nowMs);
    this.#tell(answer, { type: 'line.audio', lineId: answer.lineId ?? '', bytes });
  }

  /** @param finished the answer has no more words */
  text(delta: string, nowMs: number, finished = false): void {
    this.#tellsEnds ||= finished;
    const answer = this.#current;
    if (answer !== null && !(answer.voided && this.#isPast(answer, nowMs))) {
      answer.text += delta;
      answer.told ||= finished;
      const lineId = answer.lineId ?? '';
      if (delta !== '') this.#tell(answer, { type: 'line.text', lineId, delta, words: null });
      if (answer.over && finished) this.#end(answer, answer.outcome, nowMs);
      return;
    }
    // Transcripts are not in order with the audio: the next one's, or the last one's late?
    const isEarly = this.#owed.exists && nowMs - this.#endedAtMs > lateTextMs;
    if (isEarly) this.#owed.hear(delta);
    else this.#options.onStale();
  }

  /** @param waits the upstream says nothing more until it has the results */
  tools(
    calls: readonly { readonly toolCallId: string; name: string; arguments: string }[],
    nowMs: number,
    waits: boolean,
  ): void {
    const answer = this.#running(nowMs);
    const lineId = answer.lineId ?? '';
    for (const call of calls) this.#tell(answer, { type: 'tool.called', lineId, ...call });
    if (waits) this.#end(answer, { status: 'completed' }, nowMs);
  }

  /** Belongs to the answer that is being said; one that is none of a line's has no other place. */
  usage(usage: Usage): void {
    const answer = this.#current;
    if (answer === null || answer.voided) this.#options.onOtherUsage(usage);
    else answer.usage = usage;
  }

  generationComplete(nowMs: number): void {
    if (this.#current?.heldWhole === false) this.#current.generationComplete(nowMs);
  }

  turnComplete(outcome: LineOutcome, nowMs: number): void {
    const wasOpen = this.#turnOpen;
    this.#turnOpen = false;
    const answer = this.#current;
    if (answer?.heldWhole === false) {
      answer.generated = true;
      answer.outcome = outcome;
      answer.over = answer.served && answer.lacksWords(this.#tellsEnds);
      if (answer.over) answer.endAtMs = nowMs + wordlessMs;
      else this.#end(answer, outcome, nowMs);
    } else if (answer === null && !wasOpen && this.#owed.mayBegin(nowMs)) {
      // It was asked and has nothing to say.
      this.#end(this.#begin(nowMs), outcome, nowMs);
    }
  }

  /** @returns whether somebody was being spoken to */
  interrupted(nowMs: number): boolean {
    const answer = this.#current;
    const wasOpen = this.#turnOpen;
    // Its turn's end follows, and is no answer to anything.
    this.#turnOpen = true;
    this.#owed.isNext(nowMs);
    if (answer === null || answer.heldWhole) return false;
    const spoke = answer.served;
    this.#end(answer, wasOpen ? { status: 'cancelled' } : answer.outcome, nowMs);
    return spoke;
  }

  tick(nowMs: number): void {
    const answer = this.#current;
    if (answer?.endAtMs === null || answer === null || nowMs < answer.endAtMs) return;
    this.#end(answer, answer.outcome, nowMs);
  }

  /**
   * The connection is gone: what was being said ends, all of it said or not.
   *
   * @returns whether an answer is owed that has to be asked for again
   */
  lost(error: CallError, nowMs: number): boolean {
    const answer = this.#current;
    if (answer?.heldWhole === false) {
      const outcome = answer.generated ? answer.outcome : ({ status: 'failed', error } as const);
      this.#end(answer, outcome, nowMs);
    }
    const owed = this.#owed.wanted || (this.#owed.exists && this.#waiting.length > 0);
    this.#owed.settle();
    this.#owed.takeEarly();
    this.#turnOpen = false;
    return owed;
  }

  /** The answer that content belongs to; begins one where none is being said. */
  #running(nowMs: number): Answer {
    const answer = this.#current;
    if (answer === null) return this.#begin(nowMs);
    if (!this.#isPast(answer, nowMs)) return answer;
    if (answer.heldWhole) this.#void(answer);
    else this.#end(answer, answer.outcome, nowMs);
    return this.#begin(nowMs);
  }

  /** Content that comes now is not of this answer, though nobody said that it is over. */
  #isPast(answer: Answer, nowMs: number): boolean {
    if (answer.generated) return true;
    const { askedAtMs } = this.#owed;
    if (!answer.voided || askedAtMs === null) return false;
    const quietSinceMs = Math.max(askedAtMs, answer.lastAtMs);
    return nowMs - quietSinceMs >= inFlightMs;
  }

  #begin(nowMs: number): Answer {
    const isOld = this.#owed.exists && !this.#owed.mayBegin(nowMs);
    const voided = isOld || (this.#owed.exists && !this.#owed.wanted);
    const lineId = voided ? null : (this.#waiting.shift() ?? this.#options.ownLineId());
    const turnId = isOld ? null : this.#options.turnId();
    const answer = new Answer({ lineId, turnId, voided, nowMs });
    this.#current = answer;
    this.#turnOpen = true;
    if (!isOld) this.#owed.settle();
    if (lineId !== null) this.#emit({ type: 'line.started', lineId });
    const early = this.#owed.takeEarly();
    if (early !== '' && !voided) {
      answer.text = early;
      this.#tell(answer, { type: 'line.text', lineId: lineId ?? '', delta: early, words: null });
    }
    return answer;
  }

  #end(answer: Answer, outcome: LineOutcome, nowMs: number): void {
    this.#endedAtMs = nowMs;
    if (answer.unasked) {
      // It may still be taken, unless it came to nothing.
      if (!answer.holdEnd(outcome)) {
        this.#void(answer);
        this.#current = null;
      }
    } else {
      this.#current = null;
      const { lineId, voided, usage } = answer;
      if (lineId !== null && !voided) this.#done(lineId, outcome, usage);
    }
    const { text, turnId } = answer;
    this.#options.onEnded({ text, turnId, whole: outcome.status === 'completed' });
  }

  /** Gives an answer that came unasked to the line that asks now. */
  #takeHeld(answer: Answer, lineId: string, nowMs: number): void {
    this.#waiting.shift();
    if (answer.heldWhole) this.#current = null;
    const held = answer.give(lineId, nowMs);
    this.#emit({ type: 'line.started', lineId });
    for (const event of held) this.#emit(event);
  }

  #void(answer: Answer): void {
    const isOver = answer.heldWhole;
    answer.void();
    if (answer.lineId !== null) return;
    if (answer.usage !== null) this.#options.onOtherUsage(answer.usage);
    this.#options.onUnasked();
    if (isOver) this.#current = null;
  }

  #tell(answer: Answer, event: LineEvent): void {
    if (answer.voided) this.#options.onStale();
    else if (answer.lineId !== null) this.#emit(event);
    else if (!answer.hold(event)) this.#void(answer);
  }

  #done(lineId: string, outcome: LineOutcome, usage: Usage | null): void {
    this.#emit({ type: 'line.done', lineId, outcome, usage });
  }

  #emit(event: LineEvent): void {
    this.#options.emit(event);
  }
}
