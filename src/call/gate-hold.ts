import { bytesPerSample, msToSamples, samplesToMs, type AudioFormat } from '../audio/format.ts';
import { TextMatcher } from '../gate/matcher.ts';
import { TextCover, type LineTiming } from './gate-cover.ts';
import type { CompiledRule } from '../gate/rules.ts';
import type { WordTime } from '../ports/conversation.ts';

/**
 * Longest wait for the rest of what is likely to become a hit, ms: most numbers are read out by then.
 */
const likelyWaitMs = 8_000;

/** Something that a backend said into a line. */
export type LinePiece =
  | { readonly kind: 'audio'; readonly bytes: Uint8Array }
  | { readonly kind: 'text'; readonly delta: string; readonly words: readonly WordTime[] | null };

interface HeldAudio {
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly fromMs: number;
  readonly receivedAtMs: number;
}

interface HeldText {
  readonly seq: number;
  readonly delta: string;
  readonly words: readonly WordTime[] | null;
  readonly fromChar: number;
}

/** What somebody beside the backend hears a line say. */
interface Overheard {
  readonly matcher: TextMatcher;
  readonly cover: TextCover;
}

export interface LineHoldOptions {
  readonly rules: readonly CompiledRule[];
  readonly timing: LineTiming;
  readonly holdBackMs: number;
  /** The backend's. */
  readonly format: AudioFormat;
}

/**
 * What of a line waits until it is known that it may be said. Text goes as soon as no rule can be
 * about it any more, audio as soon as what it says is such text; where nobody says how they belong
 * together, audio waits its time at most.
 */
export class LineHold {
  readonly #options: LineHoldOptions;
  readonly #matcher: TextMatcher;
  readonly #cover: TextCover;
  /** What it is going to say, where that is told before; all of its text. */
  #ahead: { readonly matcher: TextMatcher; text: string } | null = null;
  #overheard: Overheard | null = null;
  #audio: HeldAudio[] = [];
  #texts: HeldText[] = [];
  #seq = 0;
  #audioMs = 0;
  /** Characters that somebody outside has allowed; `Infinity` where nobody is asked. */
  #allowedChars = Infinity;
  /** Nothing goes by its time alone: somebody is being asked whose silence is a no. */
  #strict = false;
  #ended = false;
  #refusedBy: string | null = null;

  constructor(options: LineHoldOptions) {
    this.#options = options;
    this.#matcher = new TextMatcher(options.rules);
    this.#cover = new TextCover(options.timing);
  }

  /** All text so far. */
  get text(): string {
    return this.#cover.text;
  }

  /** Nothing waits. */
  get empty(): boolean {
    return this.#audio.length === 0 && this.#texts.length === 0;
  }

  /** Audio that waits, ms. */
  get heldMs(): number {
    const first = this.#audio[0];
    return first === undefined ? 0 : this.#audioMs - first.fromMs;
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
    const own = this.#cover.ms(safeChars, rest);
    if (this.#overheard === null || this.#asked) return own;
    const { cover, matcher } = this.#overheard;
    return Math.max(own, cover.ms(matcher.safeChars));
  }

  /** The same as well as it can be told, where `cleanMs` is on the safe side. */
  get likelyMs(): number {
    if (this.#options.timing !== 'loose' || this.text === '') return this.cleanMs;
    return Math.max(this.cleanMs, (this.#audioMs * this.#safeChars) / this.text.length);
  }

  /** Call time at which something goes by its time; `null`: nothing does. */
  get wakeAtMs(): number | null {
    const first = this.#audio[0];
    // What is unclear about words that are known is worth waiting for: time is for unknown ones.
    if (first === undefined || this.#strict || this.#cover.knows(first.fromMs)) return null;
    const isLikely = this.#known.likely || this.#overheard?.matcher.likely === true;
    return first.receivedAtMs + (isLikely ? likelyWaitMs : this.#options.holdBackMs);
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

  /** It is going to say this. */
  pushAhead(delta: string): void {
    this.#ahead ??= { matcher: new TextMatcher(this.#options.rules), text: '' };
    this.#ahead.text += delta;
    this.#ahead.matcher.push(delta);
  }

  pushText(delta: string, words: readonly WordTime[] | null): void {
    const fromChar = this.text.length;
    this.#cover.append(delta, words, this.#audioMs);
    this.#matcher.push(delta);
    this.#texts.push({ seq: this.#next(), delta, words, fromChar });
    // It says something else than it told.
    if (this.#ahead?.text.startsWith(this.text) === false) this.#ahead = null;
  }

  /** Somebody hears it say this, all of it so far; it may still change. */
  overhear(text: string): void {
    const matcher = new TextMatcher(this.#options.rules);
    matcher.push(text);
    const cover = new TextCover('loose');
    cover.append(text, null, 0);
    this.#overheard = { matcher, cover };
  }

  /** @param bytes whole samples in the backend's format */
  pushAudio(bytes: Uint8Array, nowMs: number): void {
    const { codec, rateHz } = this.#options.format;
    const fromMs = this.#audioMs;
    this.#audioMs += samplesToMs(bytes.byteLength / bytesPerSample(codec), rateHz);
    this.#audio.push({ seq: this.#next(), bytes, fromMs, receivedAtMs: nowMs });
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
      const text = this.#textRoom();
      const audioBytes = this.#audioRoom(nowMs);
      const [held, sound] = [this.#texts[0], this.#audio[0]];
      if (held !== undefined && text > 0 && !(audioBytes > 0 && sound!.seq < held.seq)) {
        yield this.#takeText(held, text);
      } else if (sound !== undefined && audioBytes > 0) {
        yield this.#takeAudio(sound, audioBytes);
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

  /** Characters of the first text that may go. */
  #textRoom(): number {
    const [held] = this.#texts;
    if (held === undefined) return 0;
    return Math.min(this.#safeChars - held.fromChar, held.delta.length);
  }

  /** Bytes of the first audio that may go. */
  #audioRoom(nowMs: number): number {
    const [sound] = this.#audio;
    if (sound === undefined) return 0;
    const whole = sound.bytes.byteLength;
    const clear = this.hitRule === null && this.#allowedChars >= this.text.length;
    if (this.#ended && clear) return whole;
    const dueAtMs = this.hitRule === null ? this.wakeAtMs : null;
    if (dueAtMs !== null && dueAtMs <= nowMs) return whole;
    const roomMs = this.cleanMs - sound.fromMs;
    if (roomMs === Infinity) return whole;
    const { codec, rateHz } = this.#options.format;
    return Math.min(whole, Math.max(0, msToSamples(roomMs, rateHz)) * bytesPerSample(codec));
  }

  #takeText(held: HeldText, characters: number): LinePiece {
    const { delta, words, fromChar } = held;
    if (characters === delta.length) {
      this.#texts.shift();
      return { kind: 'text', delta, words };
    }
    const taken = wordsWithin(delta, words, characters);
    this.#texts[0] = {
      ...held,
      delta: delta.slice(characters),
      words: words?.slice(taken.length) ?? null,
      fromChar: fromChar + characters,
    };
    return { kind: 'text', delta: delta.slice(0, characters), words: words && taken };
  }

  #takeAudio(sound: HeldAudio, lengthBytes: number): LinePiece {
    const { bytes, fromMs } = sound;
    if (lengthBytes === bytes.byteLength) {
      this.#audio.shift();
      return { kind: 'audio', bytes };
    }
    const { codec, rateHz } = this.#options.format;
    const takenMs = samplesToMs(lengthBytes / bytesPerSample(codec), rateHz);
    const rest = { ...sound, bytes: bytes.subarray(lengthBytes), fromMs: fromMs + takenMs };
    this.#audio[0] = rest;
    return { kind: 'audio', bytes: bytes.subarray(0, lengthBytes) };
  }

  #next(): number {
    return (this.#seq += 1);
  }
}

/** The words that lie within the first so many characters of their text. */
function wordsWithin(
  delta: string,
  words: readonly WordTime[] | null,
  characters: number,
): readonly WordTime[] {
  const within: WordTime[] = [];
  let from = 0;
  for (const word of words ?? []) {
    const at = delta.indexOf(word.text, from);
    from = at + word.text.length;
    if (at < 0 || from > characters) break;
    within.push(word);
  }
  return within;
}
