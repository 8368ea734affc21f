import { TextMatcher } from '../gate/matcher.ts';
import { HeldSound, type HeldPiece, type LineAudio } from './gate-sound.ts';
import { HeldTexts } from './gate-texts.ts';
import { TextCover, type LineTiming } from './gate-cover.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { CompiledRule } from '../gate/rules.ts';
import type { GateDefinition } from '../ports/gate.ts';
import type { WordTime } from '../ports/conversation.ts';

/**
 * Longest wait for text, ms: for the next of what is likely to become a hit, such as a number that is
 * being read out, and for what is late.
 */
const longestWaitMs = 8_000;
/** Where nothing has come for so long, ms, text that is about as long as the audio is all there is. */
const quietMs = 500;
/** About as long: a voice takes at most so many times the usual time. */
const slowestVoice = 1.5;
/** Sound after the end that a word was given, ms: still that word where silence follows. */
const tailMs = 120;

/** Something that a backend said into a line. */
export type LinePiece =
  | ({ readonly kind: 'audio' } & LineAudio)
  | { readonly kind: 'text'; readonly delta: string; readonly words: readonly WordTime[] | null };

/** What somebody beside the backend hears a line say, all of it so far; it may still change. */
export interface OverheardText {
  readonly text: string;
  /** Where all of it lies on the line's audio; `null` where that is not told. */
  readonly words: readonly WordTime[] | null;
}

export interface LineHoldOptions extends Pick<GateDefinition, 'holdBackMs' | 'onLateText'> {
  readonly rules: readonly CompiledRule[];
  readonly timing: LineTiming;
  /** The backend's. */
  readonly format: AudioFormat;
}

/**
 * What of a line waits until it is known that it may be said. Text goes as soon as no rule can be
 * about it any more, audio as soon as what it says is such text; where nobody says how they belong
 * together, sound goes early as far as it is too short to say more than the text that is known.
 */
export class LineHold {
  readonly #options: LineHoldOptions;
  readonly #matcher: TextMatcher;
  readonly #cover: TextCover;
  readonly #sound: HeldSound;
  readonly #texts = new HeldTexts();
  /** What it is going to say, where that is told before; all of its text. */
  #ahead: { readonly matcher: TextMatcher; text: string } | null = null;
  #overheard: { readonly matcher: TextMatcher; readonly cover: TextCover } | null = null;
  #seq = 0;
  /** Characters that somebody outside has allowed; `Infinity` where nobody is asked. */
  #allowedChars = Infinity;
  /** Nothing goes by its time alone: somebody is being asked whose silence is a no. */
  #strict = false;
  /** Who was to tell its text is away. */
  #untold = false;
  /** When text or audio of it came last, and text alone, call time, ms. */
  #lastAtMs = 0;
  #lastTextAtMs = 0;
  #postponedToMs = 0;
  #ended = false;
  #refusedBy: string | null = null;

  constructor(options: LineHoldOptions) {
    this.#options = options;
    this.#matcher = new TextMatcher(options.rules);
    this.#cover = new TextCover(options.timing);
    this.#sound = new HeldSound(options.format);
  }

  /** All text so far. */
  get text(): string {
    return this.#cover.text;
  }

  /** Nothing waits. */
  get empty(): boolean {
    return this.#sound.first === undefined && this.#texts.first === undefined;
  }

  /** Audio that waits, ms. */
  get heldMs(): number {
    return this.#sound.heldMs;
  }

  /** Name of the rule that was hit; `null`: none. */
  get hitRule(): string | null {
    const first = this.#known.first ?? this.#overheard?.matcher.first ?? null;
    // What is known ahead is stopped where it would be said, not before.
    if (first !== null && (this.#ahead === null || this.#reaches(first.from))) return first.rule;
    return this.#refusedBy;
  }

  /** Position on the backend's audio up to which it says nothing of what may not be said, ms. */
  get cleanMs(): number {
    const safeChars = this.#safeChars;
    const ahead = this.#ahead?.text ?? '';
    const rest = safeChars < ahead.length ? ahead.slice(this.text.length, safeChars) : null;
    const own = this.#place(this.#cover, safeChars, rest);
    if (this.#overheard === null || this.#asked) return own;
    const { cover, matcher } = this.#overheard;
    return Math.max(own, this.#place(cover, matcher.safeChars, null));
  }

  /** The same as well as it can be told, where `cleanMs` is on the safe side. */
  get likelyMs(): number {
    if (this.#options.timing !== 'loose' || this.text === '') return this.cleanMs;
    return Math.max(this.cleanMs, (this.#sound.lengthMs * this.#safeChars) / this.text.length);
  }

  /** Call time at which something goes by its time; `null`: nothing does. */
  get wakeAtMs(): number | null {
    const { first } = this.#sound;
    // What is unclear about words that are known is worth waiting for: time is for unknown ones.
    if (first === undefined || this.#strict || this.#cover.knows(first.fromMs)) return null;
    return Math.max(this.#postponedToMs, this.#dueAtMs(first));
  }

  /** @param strict without a word from outside, nothing goes by its time either */
  allow(characters: number, strict: boolean): void {
    this.#allowedChars = characters;
    this.#strict = strict;
  }

  /** Somebody outside says no to what is not allowed yet. */
  refuse(rule: string): void {
    this.#refusedBy = rule;
  }

  /** Nothing goes by its time before this: what has come by now may not have been read yet. */
  postpone(toMs: number): void {
    this.#postponedToMs = toMs;
  }

  /** It is going to say this. */
  pushAhead(delta: string): void {
    this.#ahead ??= { matcher: new TextMatcher(this.#options.rules), text: '' };
    this.#ahead.text += delta;
    this.#ahead.matcher.push(delta);
  }

  pushText(delta: string, words: readonly WordTime[] | null, nowMs: number): void {
    this.#lastAtMs = this.#lastTextAtMs = nowMs;
    const fromChar = this.text.length;
    this.#cover.append(delta, words, this.#sound.lengthMs);
    this.#matcher.push(delta);
    this.#texts.push({ seq: this.#next(), delta, words, fromChar });
    // It says something else than it told.
    if (this.#ahead?.text.startsWith(this.text) === false) this.#ahead = null;
  }

  /** Somebody hears it say this; `null`: who was to hear it is away. */
  overhear(heard: OverheardText | null, nowMs: number): void {
    this.#untold = heard === null;
    if (heard === null) return;
    this.#lastAtMs = this.#lastTextAtMs = nowMs;
    const { text, words } = heard;
    const matcher = new TextMatcher(this.#options.rules);
    matcher.push(text);
    const cover = new TextCover(words === null ? 'loose' : 'words');
    cover.append(text, words, 0);
    this.#overheard = { matcher, cover };
  }

  /** @param bytes whole samples in the backend's format */
  pushAudio(bytes: Uint8Array, nowMs: number): void {
    this.#lastAtMs = nowMs;
    this.#sound.push(this.#next(), bytes, nowMs);
  }

  /** The line's text is whole: nothing is unclear any more. */
  end(): void {
    this.#ended = true;
    this.#matcher.end();
    this.#ahead = null;
  }

  /**
   * Takes what may go by now, in the order in which it came as far as that is the order in which it
   * may go; after a hit, what comes before it.
   */
  *release(nowMs: number): Generator<LinePiece, void> {
    for (;;) {
      const characters = this.#texts.room(this.#safeChars);
      const lengthBytes = this.#audioRoom(nowMs);
      const [text, sound] = [this.#texts.first, this.#sound.first];
      if (text !== undefined && characters > 0 && !(lengthBytes > 0 && sound!.seq < text.seq)) {
        yield { kind: 'text', ...this.#texts.take(characters) };
      } else if (sound !== undefined && lengthBytes > 0) {
        yield { kind: 'audio', ...this.#sound.take(lengthBytes) };
      } else {
        return;
      }
    }
  }

  /** Somebody outside has the last word. */
  get #asked(): boolean {
    return this.#allowedChars !== Infinity;
  }

  /** Who knows most of its text. */
  get #known(): TextMatcher {
    return this.#ahead?.matcher ?? this.#matcher;
  }

  /** Whether its text has come up to there and goes on. */
  #reaches(char: number): boolean {
    return this.text.length > char;
  }

  get #safeChars(): number {
    return Math.min(this.#known.safeChars, this.#allowedChars);
  }

  /** Where on the audio so much of a text ends. */
  #place(cover: TextCover, safeChars: number, rest: string | null): number {
    const ms = cover.ms(safeChars, rest);
    switch (cover.timing) {
      case 'paired':
        return ms;
      case 'words':
        return this.#sound.quietUntil(ms, ms > 0 && safeChars >= cover.text.length ? tailMs : 0);
      case 'loose':
        return this.#sound.reach(ms);
    }
  }

  /** When a piece goes that no text tells for certain, call time, ms. */
  #dueAtMs(first: HeldPiece): number {
    const { holdBackMs, onLateText } = this.#options;
    const soonestMs = first.receivedAtMs + holdBackMs;
    const latestMs = first.receivedAtMs + longestWaitMs;
    if (this.#known.likely || this.#overheard?.matcher.likely === true) {
      return Math.max(latestMs, this.#lastTextAtMs + longestWaitMs);
    }
    if (onLateText === 'speak' || this.#untold) return soonestMs;
    const toMs = first.fromMs + this.#sound.durationMs(first.bytes);
    const usual = this.#usual;
    if (usual.safeMs >= this.#sound.speechBefore(toMs)) return soonestMs;
    const isWhole = usual.wholeMs * slowestVoice >= this.#sound.speechBefore(this.#sound.lengthMs);
    return isWhole ? Math.max(soonestMs, this.#lastAtMs + quietMs) : latestMs;
  }

  /**
   * How much speech its text usually is, ms: as far as that may be said, and all of it; 0 where its
   * words tell more.
   */
  get #usual(): { readonly safeMs: number; readonly wholeMs: number } {
    const usual = (cover: TextCover, safeChars: number): { safeMs: number; wholeMs: number } => {
      const isLoose = cover.timing === 'loose';
      return {
        safeMs: isLoose ? cover.usualMs(safeChars) : 0,
        wholeMs: isLoose ? cover.wholeUsualMs : 0,
      };
    };
    const own = usual(this.#cover, this.#safeChars);
    if (this.#overheard === null || this.#asked) return own;
    const { cover, matcher } = this.#overheard;
    const heard = usual(cover, matcher.safeChars);
    return {
      safeMs: Math.max(own.safeMs, heard.safeMs),
      wholeMs: Math.max(own.wholeMs, heard.wholeMs),
    };
  }

  /** Bytes of the first audio that may go. */
  #audioRoom(nowMs: number): number {
    const { first } = this.#sound;
    if (first === undefined) return 0;
    const clear = this.hitRule === null && this.#allowedChars >= this.text.length;
    if (this.#ended && clear) return first.bytes.byteLength;
    const dueAtMs = this.hitRule === null ? this.wakeAtMs : null;
    if (dueAtMs !== null && dueAtMs <= nowMs) return first.bytes.byteLength;
    return this.#sound.room(this.cleanMs);
  }

  #next(): number {
    return (this.#seq += 1);
  }
}
