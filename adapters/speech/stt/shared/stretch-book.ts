import type { SpeechToTextEvent } from '../../../../src/ports/speech-to-text.ts';
import { finalOf } from './final.ts';
import { RunningText } from './running-text.ts';
import { cutSegment, type Segment } from './segment.ts';
import { Stretch, type StretchEnd } from './stretch.ts';

export interface StretchBookOptions {
  /** From a `finish` to its `final` at the latest, ms. */
  readonly finalTimeoutMs: number;
  /**
   * After a `finish` without a word, with nothing open: after so long, ms, nothing more is waited
   * for, though the final cannot be called complete. `null`: an answer always comes.
   */
  readonly quietMs: number | null;
  /** The recogniser's ends and ours are the same within this, ms. */
  readonly slackMs: number;
  /** Less audio than this cannot hold a word and is not asked about, ms. */
  readonly leastMs: number;
  /** Words come with their times. */
  readonly wordTimes: boolean;
  readonly emit: (event: SpeechToTextEvent) => void;
}

/** What is to be done about a stretch that was just closed. */
export type Closing = 'ask' | 'through' | 'too_short';

/** What a new connection has to hear again. */
export interface Resumption {
  readonly fromMs: number;
  /** Ends of stretches whose rest is still wanted, ms of the session's audio, in order. */
  readonly endsMs: readonly number[];
}

/** An answered stretch keeps late words away from the next one so long, ms. */
const rememberedMs = 10_000;
/** Closed stretches kept (a count); the oldest is answered with what there is. */
const stretchLimit = 64;
/** Names of the vendor's that are known to be given (a count). */
const nameLimit = 256;

/**
 * Turns what recognisers say, in segments of their own, into the port's stretches: cumulative text,
 * one final for each finish and in order, at the latest by its deadline. Positions are ms of the
 * session's audio, `nowMs` is the clock's.
 */
export class StretchBook {
  /** Settled segments that came again, and words that came after their final (counts). */
  repeated = 0;
  late = 0;
  readonly #options: StretchBookOptions;
  readonly #running: RunningText;
  /** The last one is open. */
  #stretches: Stretch[] = [new Stretch(0)];
  #endMs = 0;
  /** All before this is settled unless a stretch has something open. */
  #heardMs = 0;
  /** End of the last settled segment that had one. */
  #settledMs = 0;
  readonly #names = new Set<string>();
  #connected = true;

  constructor(options: StretchBookOptions) {
    this.#options = options;
    this.#running = new RunningText(options);
  }

  /** Audio pushed so far, ms. */
  get endMs(): number {
    return this.#endMs;
  }

  /** Nothing is being said as far as is known, and nobody waits for anything. */
  get quiet(): boolean {
    return (
      this.#current.text === '' && this.#stretches.every((one) => one.end === null || one.answered)
    );
  }

  /** When to come with a `tick`; `null`: never. */
  get wakeAtMs(): number | null {
    const { finalTimeoutMs } = this.#options;
    const forgetMs = this.#stretches
      .filter((one) => one.answered)
      .map((one) => one.closedAtMs + rememberedMs);
    // Only the first can be answered: the others wait for it.
    const first = this.#stretches.find((one) => one.end !== null && !one.answered);
    const dueMs =
      first === undefined
        ? []
        : [Math.min(first.closedAtMs + finalTimeoutMs, this.#quietAtMs(first) ?? Infinity)];
    const atMs = Math.min(...forgetMs, ...dueMs);
    return atMs === Infinity ? null : atMs;
  }

  /** Before this no audio will be asked for again. */
  get resumeFromMs(): number {
    const first = this.#stretches.find((one) => !one.answered && !one.through);
    return first?.resumeFromMs ?? this.#endMs;
  }

  pushed(durationMs: number): void {
    this.#endMs += durationMs;
  }

  /** The open stretch ends here. The caller asks the recogniser where the answer is `ask`. */
  close(end: StretchEnd, nowMs: number): Closing {
    const one = this.#current;
    one.end = end;
    one.endMs = this.#endMs;
    one.closedAtMs = nowMs;
    one.newsAtMs = nowMs;
    this.#running.restart();
    this.#stretches.push(new Stretch(this.#endMs));
    const { leastMs } = this.#options;
    const isShort = one.text === '' && this.#endMs - one.startMs < leastMs;
    if (isShort || this.#endMs === one.startMs) one.through = true;
    const before = this.#stretches.length;
    if (before > stretchLimit) this.#answerFirst();
    this.#settle(nowMs);
    if (isShort) return 'too_short';
    return one.through ? 'through' : 'ask';
  }

  /** The rest of the stretches closed so far was asked for. */
  asked(): void {
    for (const one of this.#stretches) if (one.end !== null && !one.through) one.asked = true;
  }

  /** What was pushed since the last end was nothing, and the recogniser knows. */
  restart(): void {
    this.#stretches[this.#stretches.length - 1] = new Stretch(this.#endMs);
    this.#running.restart();
  }

  /**
   * What the recogniser says; it takes the place of what was open before.
   *
   * @param key the vendor's name for the stretch, where it has one
   */
  take(segment: Segment, nowMs: number, key: string | null = null): void {
    if (this.#isRepeat(segment)) {
      this.repeated += 1;
      return;
    }
    for (const one of this.#stretches) if (one.key === key) one.open = null;
    if (key !== null) this.#put(this.#byKey(key), segment, nowMs);
    else if (segment.startMs === null)
      this.#put(this.#firstAsked() ?? this.#current, segment, nowMs);
    else this.#share(segment, nowMs);
    if (segment.settled && segment.endMs !== null) {
      this.#settledMs = Math.max(this.#settledMs, segment.endMs);
    }
    this.#settle(nowMs);
    this.#running.tell(this.#current);
  }

  /** All audio before this has been recognised, but for what is open. */
  heard(untilMs: number, nowMs: number): void {
    this.#heardMs = Math.max(this.#heardMs, untilMs);
    this.#settle(nowMs);
  }

  /**
   * The recogniser has given what it was asked for.
   *
   * @param untilMs where that ended; `null` where it does not say: the oldest question is answered
   */
  flushed(untilMs: number | null, nowMs: number): void {
    const asked = this.#stretches.filter((one) => one.asked && !one.through);
    const { slackMs } = this.#options;
    const given =
      untilMs === null
        ? asked.slice(0, 1)
        : asked.filter((one) => (one.endMs ?? Infinity) <= untilMs + slackMs);
    for (const one of given) this.#finished(one);
    this.#settle(nowMs);
  }

  /** The vendor named the oldest stretch that it was asked for and that has no name. */
  named(key: string): void {
    this.#names.add(key);
    const [oldest] = this.#names;
    if (this.#names.size > nameLimit && oldest !== undefined) this.#names.delete(oldest);
    if (this.#stretches.some((one) => one.key === key)) return;
    const one = this.#stretches.find((it) => it.asked && !it.through && it.key === null);
    if (one !== undefined) one.key = key;
  }

  /** @param ok `false`: the vendor could not recognise it */
  through(key: string, ok: boolean, nowMs: number): void {
    const one = this.#stretches.find((it) => it.key === key);
    if (one === undefined) return;
    if (!ok) one.lost = true;
    this.#finished(one);
    this.#settle(nowMs);
  }

  speechStarted(): void {
    this.#options.emit({ type: 'speech.started' });
  }

  /** The recogniser's own judgement of the turn; what is about an ended stretch is passed over. */
  turn(type: 'eager_end' | 'resumed' | 'end', probability: number): void {
    this.#running.turn(type, probability, this.#current.text);
  }

  tick(nowMs: number): void {
    this.#settle(nowMs);
  }

  /** The connection is gone: nobody is expected to say anything until there is another one. */
  disconnected(): void {
    this.#connected = false;
    for (const one of this.#stretches) one.reset();
    this.#stretches = this.#stretches.filter((one) => !one.answered);
  }

  /**
   * There is another connection.
   *
   * @param fromMs audio is still there from here on
   * @returns what it is to be given
   */
  reconnected(fromMs: number, nowMs: number): Resumption {
    this.disconnected();
    for (const one of this.#stretches) one.newsAtMs = nowMs;
    this.#connected = true;
    const wantedMs = this.resumeFromMs;
    const resumeMs = Math.max(wantedMs, fromMs);
    if (resumeMs > wantedMs) this.missed(wantedMs, resumeMs);
    this.#heardMs = resumeMs;
    this.#settledMs = Math.min(this.#settledMs, resumeMs);
    const endsMs = this.#stretches.flatMap(({ endMs, through }) =>
      endMs === null || through ? [] : [endMs],
    );
    return { fromMs: resumeMs, endsMs };
  }

  /** This audio was never given to anybody. */
  missed(fromMs: number, toMs: number): void {
    for (const one of this.#stretches) {
      if (one.startMs < toMs && (one.endMs ?? Infinity) > fromMs) one.lost = true;
    }
  }

  get #current(): Stretch {
    return this.#stretches.at(-1)!;
  }

  #isRepeat({ settled, startMs, endMs }: Segment): boolean {
    if (!settled || startMs === null || endMs === null) return false;
    return (startMs + endMs) / 2 < this.#settledMs - this.#options.slackMs;
  }

  #byKey(key: string): Stretch | null {
    const known = this.#stretches.find((one) => one.key === key);
    if (known !== undefined) return known;
    // A name that was given belongs to its stretch alone, also when that is long forgotten.
    if (this.#names.has(key) || this.#current.key !== null) return null;
    this.#current.key = key;
    return this.#current;
  }

  #firstAsked(): Stretch | undefined {
    return this.#stretches.find((one) => one.asked && !one.through);
  }

  #share(segment: Segment, nowMs: number): void {
    let fromMs = this.#stretches[0]?.startMs ?? 0;
    // A segment may begin a little before the audio that it was made of.
    if (fromMs === 0) fromMs = -Infinity;
    for (const one of this.#stretches) {
      const part = cutSegment(segment, fromMs, one.endMs ?? Infinity);
      if (part !== null) this.#put(one, part, nowMs);
      fromMs = one.endMs ?? Infinity;
    }
  }

  #put(one: Stretch | null, part: Segment, nowMs: number): void {
    if (one === null || one.answered) {
      if (part.settled && part.text !== '') this.late += 1;
      return;
    }
    one.newsAtMs = nowMs;
    one.fallback = null;
    if (!part.settled) one.open = part;
    else if (part.text.trim() !== '') one.pieces.push(part);
  }

  /** What is still open is the last word. */
  #finished(one: Stretch): void {
    const rest = one.open;
    if (rest !== null) one.pieces.push({ ...rest, settled: true });
    one.open = null;
    one.fallback = null;
    one.through = true;
  }

  #quietAtMs(one: Stretch): number | null {
    const { quietMs } = this.#options;
    if (quietMs === null || !this.#connected || one.open !== null || one.fallback !== null)
      return null;
    return one.newsAtMs + quietMs;
  }

  #settle(nowMs: number): void {
    const { finalTimeoutMs, slackMs } = this.#options;
    for (const one of this.#stretches) {
      if (one.end === null || one.endMs === null || one.through) continue;
      const isCovered = this.#connected && this.#heardMs >= one.endMs - slackMs;
      if (isCovered && one.open === null) this.#finished(one);
    }
    for (const one of this.#stretches) {
      if (one.end === null) break;
      if (one.answered) continue;
      const quietAtMs = this.#quietAtMs(one);
      const isQuiet = quietAtMs !== null && nowMs >= quietAtMs;
      if (!one.through && !isQuiet && nowMs < one.closedAtMs + finalTimeoutMs) break;
      // Nothing more is expected; whether that was all, nobody said.
      this.#answer(one);
      one.through ||= isQuiet;
    }
    this.#stretches = this.#stretches.filter(
      (one) => !one.answered || (!one.through && nowMs < one.closedAtMs + rememberedMs),
    );
  }

  #answerFirst(): void {
    const one = this.#stretches.find((it) => !it.answered && it.end !== null);
    if (one !== undefined) this.#answer(one);
  }

  #answer(one: Stretch): void {
    one.answered = true;
    if (one.end?.kind !== 'finish') return;
    const { emit, wordTimes } = this.#options;
    const state = { connected: this.#connected, heardMs: this.#heardMs, wordTimes };
    emit(finalOf(one, one.end.finishId, state));
  }
}
