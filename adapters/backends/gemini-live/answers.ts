import type { BackendEvent, LineOutcome, Usage } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';

/** What is told of lines. */
export type LineEvent = BackendEvent & { type: `line.${string}` | 'tool.called'; lineId: string };

/** An answer that the upstream has begun. */
interface Answer {
  /** `null`: nobody has asked for it yet, and what it brings is held. */
  readonly lineId: string | null;
  /** The caller's turn that it answers; `null`: an older one than the last. */
  readonly turnId: string | null;
  /** Nothing of it is passed on any more. */
  voided: boolean;
  /** All of its audio has come. */
  generated: boolean;
  text: string;
  /** Its text was said to be whole. */
  told: boolean;
  /** The upstream is through with it, and only its words are waited for. */
  over: boolean;
  usage: Usage | null;
  beganAtMs: number;
  audioMs: number;
  lastAtMs: number;
  /** How it ends at `endAtMs`, once that is known. */
  outcome: LineOutcome;
  endAtMs: number | null;
}

/** An answer that the upstream owes and has not begun. */
interface Owed {
  readonly askedAtMs: number;
  /** What comes before is still of an answer asked for earlier, unless that was said to be over. */
  notBeforeMs: number;
  /** Whoever it was for does not want it any more. */
  voided: boolean;
}

/** Lines that wait for an answer (a count). */
const waitingLimit = 32;
/** Events of an answer that nobody asked for (a count). */
const heldLimit = 2000;
/** After a new request, what of an older answer is still on its way comes within this, ms. */
const inFlightMs = 250;
/** Words this soon after an answer's end are the end of it, ms. */
const lateTextMs = 300;
/** An answer whose words are late is kept open so long after its end, ms. */
const wordlessMs = 400;
/** After an answer was played out the upstream says so; where it does not within this, ms. */
const missingEndMs = 1500;

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
  #current: Answer | null = null;
  #held: LineEvent[] = [];
  #owed: Owed | null = null;
  /** Words before any audio of an answer that is owed. */
  #early = '';
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
    const saying = this.#current !== null && !this.#isHeldWhole(this.#current);
    return !saying && this.#owed === null && this.#waiting.length === 0;
  }

  /** The upstream has said nothing yet of what it was asked last. */
  get owes(): boolean {
    return this.#owed !== null && !this.#owed.voided;
  }

  /** An answer is being said, to somebody or nobody. */
  get running(): boolean {
    return this.#current !== null && !this.#current.generated;
  }

  /** A line is being answered, and more of it will come. */
  get saying(): boolean {
    const { lineId = null, voided, generated } = this.#current ?? {};
    return lineId !== null && voided === false && generated === false;
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
    if (this.#owed === null) return 'request';
    this.#owed.voided = false;
    return 'nothing';
  }

  /** The upstream was told something that it answers. */
  requested(nowMs: number): void {
    const current = this.#current;
    if (current?.lineId === null && !current.voided) this.#void(current);
    const notBeforeMs = this.#owed === null ? nowMs : nowMs + inFlightMs;
    this.#owed = { askedAtMs: nowMs, notBeforeMs, voided: false };
    this.#early = '';
  }

  /** The upstream was told something that it answers, and nobody wants to hear it. */
  unwanted(nowMs: number): void {
    this.requested(nowMs);
    if (this.#owed !== null) this.#owed.voided = true;
  }

  cancel(lineId: string): boolean {
    const place = this.#waiting.indexOf(lineId);
    const current = this.#current;
    if (place < 0 && (current?.lineId !== lineId || current.voided)) return false;
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      if (place === 0 && this.#owed !== null) this.#owed.voided = true;
    } else if (current !== null) {
      this.#void(current);
    }
    this.#done(lineId, { status: 'cancelled' }, place >= 0 ? null : (current?.usage ?? null));
    return true;
  }

  audio(bytes: Uint8Array, nowMs: number): void {
    const answer = this.#running(nowMs);
    answer.lastAtMs = nowMs;
    answer.audioMs += bytes.byteLength / this.#options.bytesPerMs;
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
    const isEarly = this.#owed !== null && nowMs - this.#endedAtMs > lateTextMs;
    if (isEarly) this.#early += delta;
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
    const answer = this.#current;
    if (answer === null || this.#isHeldWhole(answer)) return;
    answer.generated = true;
    const playedAtMs = Math.max(nowMs, answer.beganAtMs + answer.audioMs);
    answer.endAtMs = playedAtMs + missingEndMs;
  }

  turnComplete(outcome: LineOutcome, nowMs: number): void {
    const wasOpen = this.#turnOpen;
    this.#turnOpen = false;
    const answer = this.#current;
    if (answer !== null && !this.#isHeldWhole(answer)) {
      answer.generated = true;
      answer.outcome = outcome;
      const lacksWords = answer.text === '' || (this.#tellsEnds && !answer.told);
      answer.over = lacksWords && answer.audioMs > 0 && !answer.voided && answer.lineId !== null;
      if (answer.over) answer.endAtMs = nowMs + wordlessMs;
      else this.#end(answer, outcome, nowMs);
    } else if (
      answer === null &&
      !wasOpen &&
      this.#owed !== null &&
      nowMs >= this.#owed.notBeforeMs
    ) {
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
    if (this.#owed !== null) this.#owed.notBeforeMs = nowMs;
    if (answer === null || this.#isHeldWhole(answer)) return false;
    const spoke = answer.lineId !== null && !answer.voided;
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
    if (answer !== null && !this.#isHeldWhole(answer)) {
      const outcome = answer.generated ? answer.outcome : ({ status: 'failed', error } as const);
      this.#end(answer, outcome, nowMs);
    }
    const owed = this.#owed !== null && (!this.#owed.voided || this.#waiting.length > 0);
    this.#owed = null;
    this.#turnOpen = false;
    this.#early = '';
    return owed;
  }

  /** The answer that content belongs to; begins one where none is being said. */
  #running(nowMs: number): Answer {
    const answer = this.#current;
    if (answer === null) return this.#begin(nowMs);
    if (!this.#isPast(answer, nowMs)) return answer;
    if (this.#isHeldWhole(answer)) this.#void(answer);
    else this.#end(answer, answer.outcome, nowMs);
    return this.#begin(nowMs);
  }

  /** Content that comes now is not of this answer, though nobody said that it is over. */
  #isPast(answer: Answer, nowMs: number): boolean {
    if (answer.generated) return true;
    if (!answer.voided || this.#owed === null) return false;
    const quietSinceMs = Math.max(this.#owed.askedAtMs, answer.lastAtMs);
    return nowMs - quietSinceMs >= inFlightMs;
  }

  #begin(nowMs: number): Answer {
    const owed = this.#owed;
    const isOld = owed !== null && nowMs < owed.notBeforeMs;
    const voided = isOld || owed?.voided === true;
    const lineId = voided ? null : (this.#waiting.shift() ?? this.#options.ownLineId());
    const answer: Answer = {
      lineId,
      turnId: isOld ? null : this.#options.turnId(),
      voided,
      generated: false,
      text: '',
      told: false,
      over: false,
      usage: null,
      beganAtMs: nowMs,
      audioMs: 0,
      lastAtMs: nowMs,
      outcome: { status: 'completed' },
      endAtMs: null,
    };
    this.#current = answer;
    this.#turnOpen = true;
    if (!isOld) this.#owed = null;
    this.#held = [];
    if (lineId !== null) this.#emit({ type: 'line.started', lineId });
    const early = this.#early;
    this.#early = '';
    if (early !== '' && !voided) {
      answer.text = early;
      this.#tell(answer, { type: 'line.text', lineId: lineId ?? '', delta: early, words: null });
    }
    return answer;
  }

  #end(answer: Answer, outcome: LineOutcome, nowMs: number): void {
    this.#endedAtMs = nowMs;
    if (answer.lineId !== null || answer.voided) this.#current = null;
    if (answer.lineId === null && !answer.voided) this.#endHeld(answer, outcome);
    else if (answer.lineId !== null && !answer.voided) {
      this.#done(answer.lineId, outcome, answer.usage);
    }
    const { text, turnId } = answer;
    this.#options.onEnded({ text, turnId, whole: outcome.status === 'completed' });
  }

  /** Nobody has asked for it yet: it may still be taken, unless it came to nothing. */
  #endHeld(answer: Answer, outcome: LineOutcome): void {
    answer.endAtMs = null;
    answer.generated = true;
    if (outcome.status === 'cancelled' || outcome.status === 'failed' || this.#held.length === 0) {
      this.#void(answer);
      this.#current = null;
      return;
    }
    this.#held.push({ type: 'line.done', lineId: '', outcome, usage: answer.usage });
  }

  /** Nobody asked for it, and all of it is here. */
  #isHeldWhole(answer: Answer): boolean {
    return answer.lineId === null && !answer.voided && this.#held.at(-1)?.type === 'line.done';
  }

  /** Gives an answer that came unasked to the line that asks now. */
  #takeHeld(answer: Answer, lineId: string, nowMs: number): void {
    this.#waiting.shift();
    const isOver = this.#isHeldWhole(answer);
    const held = this.#held;
    this.#held = [];
    this.#current = isOver ? null : { ...answer, lineId, lastAtMs: nowMs };
    this.#emit({ type: 'line.started', lineId });
    for (const event of held) this.#emit({ ...event, lineId });
  }

  #void(answer: Answer): void {
    const isOver = this.#isHeldWhole(answer);
    answer.voided = true;
    if (answer.lineId !== null) return;
    if (answer.usage !== null) this.#options.onOtherUsage(answer.usage);
    this.#options.onUnasked();
    this.#held = [];
    if (isOver) this.#current = null;
  }

  #tell(answer: Answer, event: LineEvent): void {
    if (answer.voided) {
      this.#options.onStale();
    } else if (answer.lineId !== null) {
      this.#emit(event);
    } else {
      // Words that come after the end belong before it.
      const end = this.#isHeldWhole(answer) ? this.#held.length - 1 : this.#held.length;
      this.#held.splice(end, 0, event);
      if (this.#held.length > heldLimit) this.#void(answer);
    }
  }

  #done(lineId: string, outcome: LineOutcome, usage: Usage | null): void {
    this.#emit({ type: 'line.done', lineId, outcome, usage });
  }

  #emit(event: LineEvent): void {
    this.#options.emit(event);
  }
}
